//! The server's side of a connection (RTMP 1.0 section 7.2), as one explicit state machine without I/O.
//!
//! Give it the socket's bytes with [`ServerSession::handle_input`], the time with [`ServerSession::handle_timeout`], and
//! take what it says with [`ServerSession::poll_output`] after every call. It never decides who may publish or play:
//! it asks by an event, holds further input, and goes on when it is told.

mod close;
mod commands;
mod config;
mod connect;
mod decisions;
mod event;
mod held;
mod input;
mod send;
mod state;
mod streams;
mod timers;

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

pub use close::CloseReason;
pub use config::ServerConfig;
pub use event::{Connected, Event, Media, Output, Refused, StreamRequest};
pub use state::{State, StateName, StreamState, StreamStateName};

use held::Held;

use super::SessionError;
use super::acknowledge::Acknowledgement;
use crate::RandomBytes;
use crate::chunk::{ChunkReader, ChunkWriter, MediaHeader, MediaKind, ReaderLimits};
use crate::escape::Escaped;
use crate::handshake::ServerHandshake;
use crate::limits::MAX_REFUSED_COMMANDS;

/// Places for events that an idle connection may keep.
const KEPT_EVENTS: usize = 16;

/// Counters of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Bytes received, handshake excluded.
    pub bytes_in: u64,
    /// Bytes sent, handshake excluded; media counts when its header is made.
    pub bytes_out: u64,
    /// Messages that were understood and used.
    pub messages: u64,
    /// Messages ignored: unknown types, empty ones, media on streams that do not publish, nameless data.
    pub ignored: u64,
    /// Commands answered with an error by the session itself.
    pub refused: u32,
    /// Requests to publish or play that the owner was asked about.
    pub requests: u32,
    /// Those that the owner rejected.
    pub rejected: u32,
}

/// One connection, seen from the server.
#[derive(Debug)]
pub struct ServerSession {
    config: ServerConfig,
    state: State,
    /// When the connection began to be of no use: neither publishing nor playing.
    useless_since: Option<Instant>,
    /// Present until the handshake is done.
    handshake: Option<Box<ServerHandshake>>,
    reader: ChunkReader,
    writer: ChunkWriter,
    acknowledgement: Acknowledgement,
    streams: Vec<Stream>,
    connected: Option<Box<Connected>>,
    /// Answers that wait to be polled.
    answers: Vec<u8>,
    events: VecDeque<Event>,
    /// Input that waits for a decision or for events to be polled.
    held: Held,
    /// An error met while held input was worked off; the next call reports it.
    failure: Option<SessionError>,
    now: Instant,
    liveness: timers::Liveness,
    counters: Counters,
}

#[derive(Debug)]
struct Stream {
    id: u32,
    state: StreamStateName,
    since: Instant,
    name: String,
}

impl ServerSession {
    /// A session at the start of its handshake.
    pub fn new(config: ServerConfig, now: Instant, random: RandomBytes) -> Self {
        Self {
            config,
            state: State { name: StateName::Handshake, since: now },
            useless_since: Some(now),
            handshake: Some(Box::new(ServerHandshake::new(random))),
            reader: ChunkReader::new(ReaderLimits::UNTRUSTED),
            writer: ChunkWriter::default(),
            acknowledgement: Acknowledgement::default(),
            streams: Vec::new(),
            connected: None,
            answers: Vec::new(),
            events: VecDeque::new(),
            held: Held::default(),
            failure: None,
            now,
            liveness: timers::Liveness::new(now),
            counters: Counters::default(),
        }
    }

    /// The next output; call until `None` after every other call.
    pub fn poll_output(&mut self) -> Option<Output> {
        if self.events.is_empty() && self.answers.is_empty() {
            self.work_off_held();
        }
        if !self.answers.is_empty() {
            return Some(Output::Transmit(Bytes::from(std::mem::take(&mut self.answers))));
        }
        let event = self.events.pop_front();
        if self.events.is_empty() && self.events.capacity() > KEPT_EVENTS {
            // A burst must not leave its memory behind on every connection that had one.
            self.events = VecDeque::new();
        }
        event.map(Output::Event)
    }

    /// False while a decision is awaited and after the end: pause reading from the socket.
    pub fn wants_input(&self) -> bool {
        self.failure.is_none() && self.state.name != StateName::Closed && !self.awaits_decision()
    }

    /// The state of the connection and when it was entered.
    pub const fn state(&self) -> State {
        self.state
    }

    /// The message streams that exist.
    pub fn streams(&self) -> impl Iterator<Item = StreamState> {
        self.streams.iter().map(|s| StreamState { message_stream_id: s.id, name: s.state, since: s.since })
    }

    /// What connect said, once it was accepted.
    pub fn connected(&self) -> Option<&Connected> {
        self.connected.as_deref()
    }

    /// The counters.
    pub const fn counters(&self) -> Counters {
        Counters {
            bytes_in: self.acknowledgement.bytes_received(),
            bytes_out: self.acknowledgement.bytes_sent(),
            ..self.counters
        }
    }

    /// The size of our chunks: bodies up to it leave as one header and one body.
    pub const fn out_chunk_size(&self) -> usize {
        self.writer.chunk_size() as usize
    }

    /// Bytes sent and not acknowledged yet; `None` when the peer never acknowledges (many players do not).
    pub fn unacknowledged_bytes(&self) -> Option<u32> {
        self.acknowledgement.unacknowledged()
    }

    /// The header of a media message to a player, and its place in the byte counters.
    ///
    /// Send it with the body right behind when that is no longer than [`Self::out_chunk_size`], else send
    /// [`crate::chunk::media_pieces`]. Poll all output first: its bytes go before.
    pub fn media_header(
        &mut self,
        message_stream_id: u32,
        kind: MediaKind,
        timestamp: u32,
        body_length: usize,
    ) -> MediaHeader {
        let header = MediaHeader::new(message_stream_id, kind, timestamp, body_length);
        self.acknowledgement.sent(header.len() + body_length);
        header
    }

    fn stream(&mut self, id: u32) -> Option<&mut Stream> {
        self.streams.iter_mut().find(|stream| stream.id == id)
    }

    fn awaits_decision(&self) -> bool {
        self.streams.iter().any(|stream| stream.state.awaits())
    }

    fn set_stream(&mut self, id: u32, state: StreamStateName) {
        let now = self.now;
        if let Some(stream) = self.stream(id) {
            stream.state = state;
            stream.since = now;
        }
        self.update_state();
    }

    /// Derives the connection's state from those of its streams.
    fn update_state(&mut self) {
        if self.connected.is_none() || self.state.name == StateName::Closed {
            return;
        }
        let any = |test: fn(StreamStateName) -> bool| self.streams.iter().any(|stream| test(stream.state));
        let name = if any(StreamStateName::awaits) {
            StateName::Deciding
        } else if any(|state| state == StreamStateName::Publishing) {
            StateName::Publishing
        } else if any(StreamStateName::plays) {
            StateName::Playing
        } else {
            StateName::Connected
        };
        let useful = any(|state| state == StreamStateName::Publishing || state.plays());
        self.useless_since = if useful { None } else { self.useless_since.or(Some(self.now)) };
        self.enter(name);
    }

    fn enter(&mut self, name: StateName) {
        if self.state.name != name {
            self.state = State { name, since: self.now };
        }
    }

    /// Notes a refused command for the log.
    fn note_refused(&mut self, code: &'static str, command: &str, why: &str) -> Result<(), SessionError> {
        self.counters.refused += 1;
        let detail = format!("{}: {}", Escaped(command), Escaped(why));
        self.events.push_back(Event::Refused(Refused { code, detail }));
        if self.counters.refused > MAX_REFUSED_COMMANDS {
            return Err(SessionError::TooManyRefused);
        }
        Ok(())
    }
}
