//! The client's side of a connection (RTMP 1.0 section 7.2): connects, creates a stream, publishes or plays.
//!
//! Used by the load generator and by the two-peer tests. Like the server session it does no I/O.

mod answers;
mod event;
mod questions;

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

pub use event::{ClientConfig, ClientEvent, ClientOutput, Intent};

use super::SessionError;
use super::acknowledge::Acknowledgement;
use crate::RandomBytes;
use crate::chunk::{ChunkReader, ChunkWriter, MediaHeader, MediaKind, ReaderLimits};
use crate::handshake::ClientHandshake;
use crate::limits::{COMMAND_DEADLINE, HANDSHAKE_DEADLINE};
use crate::message::control::Control;

/// Where the client is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientState {
    /// S0 to S2 are awaited.
    Handshake,
    /// The answer to connect is awaited.
    Connecting,
    /// The answer to createStream is awaited.
    CreatingStream,
    /// The answer to publish or play is awaited.
    Starting,
    /// Publishing or playing.
    Running,
    /// Refused.
    Rejected,
}

/// One connection, seen from the client.
#[derive(Debug)]
pub struct ClientSession {
    config: ClientConfig,
    state: ClientState,
    started: Instant,
    handshake: Option<Box<ClientHandshake>>,
    reader: ChunkReader,
    writer: ChunkWriter,
    acknowledgement: Acknowledgement,
    questions: Vec<u8>,
    events: VecDeque<ClientEvent>,
    transaction: f64,
    create_stream: f64,
    message_stream_id: u32,
}

impl ClientSession {
    /// A session whose first output is C0 and C1.
    pub fn new(config: ClientConfig, now: Instant, random: RandomBytes) -> Self {
        let mut questions = Vec::new();
        let handshake = ClientHandshake::new(random, config.handshake, &mut questions);
        Self {
            config,
            state: ClientState::Handshake,
            started: now,
            handshake: Some(Box::new(handshake)),
            reader: ChunkReader::new(ReaderLimits::PUBLISHER),
            writer: ChunkWriter::default(),
            acknowledgement: Acknowledgement::default(),
            questions,
            events: VecDeque::new(),
            transaction: 0.0,
            create_stream: 0.0,
            message_stream_id: 0,
        }
    }

    /// The state.
    pub const fn state(&self) -> ClientState {
        self.state
    }

    /// The message stream, once createStream was answered; 0 before.
    pub const fn message_stream_id(&self) -> u32 {
        self.message_stream_id
    }

    /// The next output; call until `None` after every other call.
    pub fn poll_output(&mut self) -> Option<ClientOutput> {
        if !self.questions.is_empty() {
            return Some(ClientOutput::Transmit(Bytes::from(std::mem::take(&mut self.questions))));
        }
        self.events.pop_front().map(ClientOutput::Event)
    }

    /// When [`Self::handle_timeout`] wants to be called; `None` when everything is set up.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            ClientState::Handshake => Some(self.started + HANDSHAKE_DEADLINE),
            ClientState::Connecting | ClientState::CreatingStream | ClientState::Starting => {
                Some(self.started + COMMAND_DEADLINE)
            }
            ClientState::Running | ClientState::Rejected => None,
        }
    }

    /// Checks the deadlines.
    ///
    /// # Errors
    /// The server did not finish the handshake, or did not answer the commands, in time.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), SessionError> {
        match (self.poll_timeout(), self.state) {
            (Some(at), ClientState::Handshake) if now >= at => Err(SessionError::HandshakeTimeout),
            (Some(at), _) if now >= at => Err(SessionError::CommandTimeout),
            _ => Ok(()),
        }
    }

    /// Takes bytes from the socket, all of them.
    ///
    /// # Errors
    /// [`SessionError`]: the session is over.
    pub fn handle_input(&mut self, _now: Instant, input: &[u8]) -> Result<(), SessionError> {
        let mut at = 0;
        if let Some(handshake) = &mut self.handshake {
            at = handshake.input(input, &mut self.questions)?;
            if !handshake.is_done() {
                return Ok(());
            }
            self.handshake = None;
            self.connect();
        }
        loop {
            let (taken, message) = self.reader.read(input.get(at..).unwrap_or_default())?;
            at += taken;
            if let Some(sequence) = self.acknowledgement.received(taken) {
                self.send_control(Control::Acknowledgement(sequence));
            }
            let Some(message) = message else { return Ok(()) };
            self.handle_message(message)?;
        }
    }

    /// The header of a media message; send its body right behind it when that is no longer than
    /// [`Self::out_chunk_size`], else send [`crate::chunk::media_pieces`]. Poll all output first.
    pub fn media_header(&mut self, kind: MediaKind, timestamp: u32, body_length: usize) -> MediaHeader {
        MediaHeader::new(self.message_stream_id, kind, timestamp, body_length)
    }

    /// The size of our chunks.
    pub const fn out_chunk_size(&self) -> usize {
        self.writer.chunk_size() as usize
    }
}
