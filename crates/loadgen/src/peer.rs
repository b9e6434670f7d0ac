//! One connection to a server: a socket that never blocks, and what speaks RTMP over it, or reads the floor's chunks.

use crate::error::LoadError;
use crate::latency::Latencies;
use crate::stamp::{Stamp, wall_clock};
use mio::net::TcpStream;
use rtmp_gateway_rtmp::RandomBytes;
use rtmp_gateway_rtmp::chunk::{ChunkReader, MediaKind, ReaderLimits};
use rtmp_gateway_rtmp::limits::OUT_CHUNK_SIZE;
use rtmp_gateway_rtmp::session::Media;
use rtmp_gateway_rtmp::session::client::{ClientConfig, ClientEvent, ClientOutput, ClientSession, ClientState};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Instant;

/// How far a connection is to go before it counts as established.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// The answer to connect.
    Connected,
    /// The answer to publish or play.
    Started,
}

/// What is spoken.
enum Speech {
    Rtmp {
        session: Box<ClientSession>,
        goal: Goal,
    },
    /// The floor's: media chunks from the first byte, no questions, no answers.
    Chunks(ChunkReader),
}

/// What arrived since the counters were last cleared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Received {
    pub bytes: u64,
    pub video: u64,
    pub audio: u64,
    /// Video frames whose numbers were left out.
    pub missing: u64,
}

impl Received {
    pub(crate) fn add(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.video += other.video;
        self.audio += other.audio;
        self.missing += other.missing;
    }
}

/// One connection.
pub(crate) struct Peer {
    pub socket: TcpStream,
    speech: Speech,
    unsent: Vec<u8>,
    pub received: Received,
    last_number: Option<u64>,
    pub established: bool,
    /// Why it ended, once it has.
    pub ended: Option<String>,
}

impl Peer {
    /// Begins to connect and to speak RTMP.
    pub(crate) fn rtmp(target: SocketAddr, config: ClientConfig, goal: Goal, seed: u64) -> Result<Self, LoadError> {
        let mut random = [0; 32];
        random[..8].copy_from_slice(&seed.to_le_bytes());
        let session = ClientSession::new(config, Instant::now(), RandomBytes::new(random));
        Self::new(target, Speech::Rtmp { session: Box::new(session), goal })
    }

    /// Begins to connect to the floor.
    pub(crate) fn chunks(target: SocketAddr) -> Result<Self, LoadError> {
        let mut reader = ChunkReader::new(ReaderLimits::PUBLISHER);
        // The size is far below the limit.
        let _ = reader.set_chunk_size(OUT_CHUNK_SIZE);
        Self::new(target, Speech::Chunks(reader))
    }

    fn new(target: SocketAddr, speech: Speech) -> Result<Self, LoadError> {
        let failed = LoadError::io("opening a socket (is the limit of open files high enough? see ulimit -n)");
        let open = || {
            let socket = Socket::new(Domain::for_address(target), Type::STREAM, Some(Protocol::TCP))?;
            socket.set_nonblocking(true)?;
            socket.set_tcp_nodelay(true)?;
            // EINPROGRESS: writable tells when it is done, and a refusal shows when the first bytes are written.
            match socket.connect(&target.into()) {
                Err(error) if error.kind() != ErrorKind::WouldBlock && error.raw_os_error() != Some(IN_PROGRESS) => {
                    Err(error)
                }
                _ => Ok(TcpStream::from_std(socket.into())),
            }
        };
        Ok(Self {
            socket: open().map_err(failed)?,
            established: false,
            speech,
            unsent: Vec::new(),
            received: Received::default(),
            last_number: None,
            ended: None,
        })
    }

    /// The session, for publishers.
    pub(crate) fn session(&mut self) -> Option<&mut ClientSession> {
        match &mut self.speech {
            Speech::Rtmp { session, .. } => Some(session),
            Speech::Chunks(_) => None,
        }
    }

    /// Forgets what was counted; the next frame is not compared with the last.
    pub(crate) fn clear(&mut self) {
        self.received = Received::default();
    }

    /// Sends what the session has to say and what did not fit before. Call it when the socket is writable.
    pub(crate) fn flush(&mut self) {
        if matches!(self.speech, Speech::Chunks(_)) {
            self.established = true;
        }
        if let Speech::Rtmp { session, goal } = &mut self.speech {
            // One that is to stay connected and no more never asks its next question.
            let done = *goal == Goal::Connected && self.established;
            while let Some(output) = (!done).then(|| session.poll_output()).flatten() {
                match output {
                    ClientOutput::Transmit(bytes) => self.unsent.extend_from_slice(&bytes),
                    ClientOutput::Event(event) => match event {
                        ClientEvent::Media(media) => count(&mut self.received, &mut self.last_number, &media, None),
                        ClientEvent::Rejected { code, description } => {
                            self.ended = Some(format!("refused: {code} ({description})"));
                        }
                        _ => {}
                    },
                }
            }
        }
        self.send(&[]);
    }

    /// Sends bytes behind those that wait.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.unsent.extend_from_slice(bytes);
        while !self.unsent.is_empty() && self.ended.is_none() {
            match self.socket.write(&self.unsent) {
                Ok(length) => drop(self.unsent.drain(..length)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => return,
                Err(error) => self.ended = Some(error.to_string()),
            }
        }
    }

    /// Reads all there is; latencies of stamped frames go to `latencies`.
    pub(crate) fn read(&mut self, buffer: &mut [u8], mut latencies: Option<&mut Latencies>) {
        while self.ended.is_none() {
            let length = match self.socket.read(buffer) {
                Ok(0) => {
                    self.ended = Some("closed by the server".into());
                    return;
                }
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => return,
                Err(error) => {
                    self.ended = Some(error.to_string());
                    return;
                }
            };
            self.received.bytes += length as u64;
            self.hear(buffer.get(..length).unwrap_or_default(), latencies.as_deref_mut());
            if length < buffer.len() {
                return;
            }
        }
    }

    fn hear(&mut self, mut input: &[u8], mut latencies: Option<&mut Latencies>) {
        match &mut self.speech {
            Speech::Rtmp { session, goal } => {
                if let Err(error) = session.handle_input(Instant::now(), input) {
                    self.ended = Some(error.to_string());
                    return;
                }
                if !self.established {
                    self.established = match goal {
                        Goal::Connected => !matches!(session.state(), ClientState::Handshake | ClientState::Connecting),
                        Goal::Started => session.state() == ClientState::Running,
                    };
                    if *goal == Goal::Connected && self.established {
                        return;
                    }
                }
                while let Some(output) = session.poll_output() {
                    match output {
                        ClientOutput::Event(ClientEvent::Media(media)) => {
                            count(&mut self.received, &mut self.last_number, &media, latencies.as_deref_mut());
                        }
                        ClientOutput::Transmit(bytes) => self.unsent.extend_from_slice(&bytes),
                        ClientOutput::Event(ClientEvent::Rejected { code, description }) => {
                            self.ended = Some(format!("refused: {code} ({description})"));
                        }
                        ClientOutput::Event(_) => {}
                    }
                }
                self.send(&[]);
            }
            Speech::Chunks(reader) => loop {
                match reader.read(input) {
                    Ok((taken, message)) => {
                        input = input.get(taken..).unwrap_or_default();
                        let Some(message) = message else { return };
                        let kind = if message.type_id == MediaKind::Video.type_id() {
                            MediaKind::Video
                        } else {
                            MediaKind::Audio
                        };
                        let media = Media {
                            message_stream_id: message.message_stream_id,
                            kind,
                            timestamp: message.timestamp,
                            body: message.body,
                        };
                        count(&mut self.received, &mut self.last_number, &media, latencies.as_deref_mut());
                    }
                    Err(error) => {
                        self.ended = Some(error.to_string());
                        return;
                    }
                }
            },
        }
    }
}

/// `EINPROGRESS` on Linux: std has no kind for it.
const IN_PROGRESS: i32 = 115;

fn count(received: &mut Received, last: &mut Option<u64>, media: &Media, latencies: Option<&mut Latencies>) {
    match media.kind {
        MediaKind::Audio => received.audio += 1,
        MediaKind::Data => {}
        MediaKind::Video => {
            let Some(stamp) = Stamp::find(&media.body) else { return };
            received.video += 1;
            let expected = last.replace(stamp.number).map_or(stamp.number, |last| last + 1);
            received.missing += stamp.number.saturating_sub(expected);
            if let Some(latencies) = latencies {
                latencies.add(wall_clock().saturating_sub(stamp.sent));
            }
        }
    }
}
