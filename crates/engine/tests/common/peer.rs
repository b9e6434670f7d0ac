//! RTMP clients over real sockets: the project's own client session, driven by blocking reads.

use super::{PATIENCE, audio, audio_config, number_of, video, video_config};
use rtmp_gateway_rtmp::RandomBytes;
use rtmp_gateway_rtmp::chunk::MediaKind;
use rtmp_gateway_rtmp::session::Media;
use rtmp_gateway_rtmp::session::client::{ClientConfig, ClientEvent, ClientOutput, ClientSession, Intent};
use socket2::{Domain, Socket, Type};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// A client; `path` is `room/name`, with queries if wanted.
pub struct Peer {
    pub socket: TcpStream,
    pub session: ClientSession,
    pub events: Vec<ClientEvent>,
    pub media: Vec<Media>,
    pub closed: bool,
}

impl Peer {
    /// A client that has said C0 and C1; nothing is read yet.
    pub fn connect(address: SocketAddr, intent: Intent, path: &str) -> Self {
        Self::connect_with(address, intent, path, None)
    }

    /// The same with a receive buffer of a size in bytes, for players that are slow.
    pub fn connect_with(address: SocketAddr, intent: Intent, path: &str, receive_buffer: Option<usize>) -> Self {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        if let Some(size) = receive_buffer {
            socket.set_recv_buffer_size(size).unwrap();
        }
        socket.connect(&address.into()).unwrap();
        let socket = TcpStream::from(socket);
        socket.set_nodelay(true).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        let (app, name) = path.split_once('/').unwrap();
        let mut config = ClientConfig::new(intent, &address.to_string(), app, name);
        config.out_chunk_size = 65_536;
        let session = ClientSession::new(config, Instant::now(), RandomBytes::new([7; 32]));
        let mut peer = Self { socket, session, events: Vec::new(), media: Vec::new(), closed: false };
        peer.flush();
        peer
    }

    /// A player that has been accepted.
    pub fn play(address: SocketAddr, path: &str) -> Self {
        let mut peer = Self::connect(address, Intent::Play, path);
        peer.until_event("play to start", |event| matches!(event, ClientEvent::PlayStarted { .. }));
        peer
    }

    /// Writes what the session says and keeps its events.
    pub fn flush(&mut self) {
        while let Some(output) = self.session.poll_output() {
            match output {
                ClientOutput::Transmit(bytes) => self.closed |= self.socket.write_all(&bytes).is_err(),
                ClientOutput::Event(ClientEvent::Media(media)) => self.media.push(media),
                ClientOutput::Event(event) => self.events.push(event),
            }
        }
    }

    /// Reads what comes within `wait`; false when the peer has closed.
    pub fn read(&mut self, wait: Duration) -> bool {
        let mut buffer = vec![0; 256 * 1024];
        self.socket.set_read_timeout(Some(wait.max(Duration::from_millis(1)))).unwrap();
        match self.socket.read(&mut buffer) {
            Ok(0) => self.closed = true,
            Ok(length) => {
                self.session.handle_input(Instant::now(), &buffer[..length]).unwrap();
                self.flush();
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => self.closed = true,
        }
        !self.closed
    }

    /// Reads until `done`.
    pub fn until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            assert!(Instant::now() < deadline, "waited {PATIENCE:?} for {what}; events {:?}", self.events);
            assert!(!self.closed, "closed while waiting for {what}; events {:?}", self.events);
            self.read(Duration::from_millis(50));
        }
    }

    pub fn until_event(&mut self, what: &str, done: impl Fn(&ClientEvent) -> bool) {
        self.until(what, |peer| peer.events.iter().any(&done));
    }

    /// Reads until the other side closes.
    pub fn until_closed(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while self.read(Duration::from_millis(50)) {
            assert!(Instant::now() < deadline, "waited {PATIENCE:?} for the close; events {:?}", self.events);
        }
    }

    /// Reads until nothing has come for a while.
    pub fn settle(&mut self) {
        let mut quiet = 0;
        while quiet < 6 && !self.closed {
            let before = (self.media.len(), self.events.len());
            self.read(Duration::from_millis(50));
            quiet = if before == (self.media.len(), self.events.len()) { quiet + 1 } else { 0 };
        }
    }

    /// The refusal it got, with its description.
    pub fn rejection(&mut self) -> (String, String) {
        self.until_event("a refusal", |event| matches!(event, ClientEvent::Rejected { .. }));
        let found = self.events.iter().find_map(|event| match event {
            ClientEvent::Rejected { code, description } => Some((code.clone(), description.clone())),
            _ => None,
        });
        found.unwrap()
    }

    /// Whether a status of this code came.
    pub fn has_status(&self, wanted: &str) -> bool {
        self.events.iter().any(|event| matches!(event, ClientEvent::Status { code, .. } if code == wanted))
    }

    /// Audio and video with their sequence headers, in order.
    pub fn tags(&self) -> impl Iterator<Item = &Media> {
        self.media.iter().filter(|media| media.kind != MediaKind::Data)
    }

    /// The numbers of the frames of a kind it got, in order.
    pub fn numbers(&self, kind: MediaKind) -> Vec<u32> {
        self.media.iter().filter(|media| media.kind == kind).filter_map(number_of).collect()
    }

    /// The timestamps of the frames of a kind it got, in order; sequence headers left out.
    pub fn timestamps(&self, kind: MediaKind) -> Vec<u32> {
        let frames = self.media.iter().filter(|media| media.kind == kind && number_of(media).is_some());
        frames.map(|media| media.timestamp).collect()
    }

    pub fn has_number(&self, kind: MediaKind, number: u32) -> bool {
        self.media.iter().any(|media| media.kind == kind && number_of(media) == Some(number))
    }
}

/// A publisher of numbered frames: 25 video frames a second and as many of audio, timestamps of its own.
pub struct Publisher {
    pub peer: Peer,
    pub next: u32,
    pub gop: u32,
    pub base: u32,
    pub video_bytes: usize,
}

impl Publisher {
    /// A publisher that was accepted and has sent its sequence headers.
    pub fn start(address: SocketAddr, path: &str) -> Self {
        let mut peer = Peer::connect(address, Intent::Publish, path);
        peer.until_event("publish to start", |event| matches!(event, ClientEvent::PublishStarted { .. }));
        let mut publisher = Self { peer, next: 0, gop: 10, base: 0, video_bytes: 1_000 };
        publisher.send_configs();
        publisher
    }

    pub fn send_configs(&mut self) {
        self.peer.session.send_media(MediaKind::Video, self.base, &video_config());
        self.peer.session.send_media(MediaKind::Audio, self.base, &audio_config());
        self.peer.flush();
    }

    /// Sends the next `count` frames of both tracks at once.
    pub fn send(&mut self, count: u32) {
        for _ in 0..count {
            let (number, time) = (self.next, self.base + self.next * 40);
            let video = video(number, number.is_multiple_of(self.gop), self.video_bytes);
            self.peer.session.send_media(MediaKind::Video, time, &video);
            self.peer.session.send_media(MediaKind::Audio, time + 5, &audio(number, 100));
            self.peer.flush();
            self.next += 1;
        }
        // Acknowledgements must not pile up in our receive buffer.
        self.peer.read(Duration::from_millis(1));
    }
}
