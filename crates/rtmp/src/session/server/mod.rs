//! The server's side of a connection (RTMP 1.0 section 7.2), as one explicit state machine without I/O.
//!
//! Give it the socket's bytes with [`ServerSession::handle_input`], the time with [`ServerSession::handle_timeout`], and
//! take what it says with [`ServerSession::poll_output`] after every call. It never decides who may publish or play:
//! it asks by an event, holds further input, and goes on when it is told.

mod commands;
mod config;
mod connect;
mod decisions;
mod event;
mod input;
mod state;
mod timers;

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

pub use config::ServerConfig;
pub use event::{Connected, Event, Media, Output, Refused, StreamRequest};
pub use state::{State, StateName, StreamState, StreamStateName};

use super::SessionError;
use super::acknowledge::Acknowledgement;
use crate::RandomBytes;
use crate::amf0::Value;
use crate::chunk::{ChunkReader, ChunkWriter, MediaHeader, MediaKind, ReaderLimits};
use crate::escape::Escaped;
use crate::handshake::ServerHandshake;
use crate::limits::MAX_REFUSED_COMMANDS;
use crate::message::command::Command;
use crate::message::control::{Control, UserControl};
use crate::message::kind;

/// Chunk stream of control messages, fixed by the specification.
const CONTROL_CHUNK_STREAM: u32 = 2;
/// Chunk stream of our commands.
const COMMAND_CHUNK_STREAM: u32 = 3;

/// Why the owner ends a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// The server stops or drains.
    ServerShutdown,
    /// An operator or the application ended it.
    Kicked,
    /// Another publisher took the name over.
    Replaced,
    /// The peer takes its data too slowly.
    TooSlow,
    /// A fault of ours.
    Internal,
}

impl CloseReason {
    /// One sentence for the peer.
    pub const fn description(self) -> &'static str {
        match self {
            Self::ServerShutdown => "The server is shutting down.",
            Self::Kicked => "The connection was ended by the server.",
            Self::Replaced => "Another publisher took over this stream.",
            Self::TooSlow => "The connection is too slow for this stream.",
            Self::Internal => "The server had an internal error.",
        }
    }
}

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
    /// Commands answered with an error.
    pub refused: u32,
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
    held: Vec<u8>,
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
            held: Vec::new(),
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
        self.events.pop_front().map(Output::Event)
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

    /// Ends the session from our side: says so on every stream. Take the output, then close the socket.
    pub fn close(&mut self, now: Instant, reason: CloseReason) {
        self.now = now;
        if self.state.name == StateName::Closed {
            return;
        }
        for stream in std::mem::take(&mut self.streams) {
            if stream.state.plays() {
                self.say_unpublished(stream.id, &stream.name);
            } else if stream.state != StreamStateName::Idle {
                self.send_status(stream.id, "error", "NetStream.Publish.Denied", reason.description(), None);
            }
        }
        if self.connected.is_some() {
            self.send_status(0, "status", "NetConnection.Connect.Closed", reason.description(), None);
        }
        self.held = Vec::new();
        self.enter(StateName::Closed);
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

    fn send(&mut self, chunk_stream_id: u32, type_id: u8, message_stream_id: u32, body: &[u8]) {
        let before = self.answers.len();
        self.writer.write(chunk_stream_id, 0, type_id, message_stream_id, body, &mut self.answers);
        self.acknowledgement.sent(self.answers.len() - before);
    }

    fn send_control(&mut self, control: Control) {
        let (type_id, body) = control.encode();
        self.send(CONTROL_CHUNK_STREAM, type_id, 0, &body);
    }

    fn send_user_control(&mut self, event: UserControl) {
        self.send_control(Control::User(event));
    }

    fn send_command(&mut self, message_stream_id: u32, command: Command) {
        self.send(COMMAND_CHUNK_STREAM, kind::COMMAND_AMF0, message_stream_id, &command.encode());
    }

    fn send_data(&mut self, message_stream_id: u32, values: &[Value]) {
        let body = crate::amf0::encode_all(values);
        self.send(MediaKind::Data.chunk_stream_id(), kind::DATA_AMF0, message_stream_id, &body);
    }

    fn send_status(&mut self, stream: u32, level: &str, code: &str, description: &str, details: Option<&str>) {
        self.send_command(stream, super::reply::status(level, code, description, details));
    }

    fn say_unpublished(&mut self, id: u32, name: &str) {
        let code = "NetStream.Play.UnpublishNotify";
        self.send_status(id, "status", code, "The stream is no longer published.", Some(name));
        self.send_user_control(UserControl::StreamEof(id));
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
