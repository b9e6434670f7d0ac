//! The client's side of a connection (RTMP 1.0 section 7.2): connects, creates a stream, publishes or plays.
//!
//! Used by the load generator and by the two-peer tests. Like the server session it does no I/O.

mod event;

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

pub use event::{ClientConfig, ClientEvent, ClientOutput, Intent};

use super::acknowledge::Acknowledgement;
use super::{Media, SessionError};
use crate::RandomBytes;
use crate::amf0::Value;
use crate::chunk::{ChunkReader, ChunkWriter, MediaHeader, MediaKind, RawMessage, ReaderLimits};
use crate::handshake::ClientHandshake;
use crate::limits::{COMMAND_DEADLINE, DEFAULT_CHUNK_SIZE, HANDSHAKE_DEADLINE};
use crate::message::command::Command;
use crate::message::control::{Control, UserControl};
use crate::message::{aggregate, data, kind};

const CONTROL_CHUNK_STREAM: u32 = 2;
const COMMAND_CHUNK_STREAM: u32 = 3;
/// librtmp and FFmpeg send publish and play on a chunk stream of its own.
const STREAM_CHUNK_STREAM: u32 = 8;
/// Asked of the server by SetBufferLength.
const BUFFER_MILLISECONDS: u32 = 3000;

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

    /// Sends a media message through [`Self::poll_output`], copying its body.
    pub fn send_media(&mut self, kind: MediaKind, timestamp: u32, body: &[u8]) {
        let (chunk_stream, type_id) = (kind.chunk_stream_id(), kind.type_id());
        self.writer.write(chunk_stream, timestamp, type_id, self.message_stream_id, body, &mut self.questions);
    }

    /// Sends a command of the given message stream (0: the connection); returns its transaction id. `object` is null.
    pub fn send_command(&mut self, message_stream_id: u32, name: &str, arguments: Vec<Value>) -> f64 {
        self.send_command_with(message_stream_id, name, Value::Null, arguments)
    }

    /// Sends a control message.
    pub fn send_control(&mut self, control: Control) {
        let (type_id, body) = control.encode();
        self.writer.write(CONTROL_CHUNK_STREAM, 0, type_id, 0, &body, &mut self.questions);
    }

    /// Stops publishing or playing, as OBS and FFmpeg do: FCUnpublish (publishers) and deleteStream.
    pub fn stop(&mut self) {
        if self.config.intent == Intent::Publish {
            let name = Value::string(self.config.stream_name.as_str());
            self.send_command(0, "FCUnpublish", vec![name]);
        }
        let id = Value::Number(f64::from(self.message_stream_id));
        self.send_command(0, "deleteStream", vec![id]);
    }

    fn send_command_with(&mut self, stream: u32, name: &str, object: Value, arguments: Vec<Value>) -> f64 {
        self.transaction += 1.0;
        let mut body = Command::new(name, self.transaction, object, arguments).encode();
        let mut type_id = kind::COMMAND_AMF0;
        if self.config.amf3 {
            body.insert(0, 0);
            type_id = kind::COMMAND_AMF3;
        }
        let chunk_stream = if stream == 0 { COMMAND_CHUNK_STREAM } else { STREAM_CHUNK_STREAM };
        self.writer.write(chunk_stream, 0, type_id, stream, &body, &mut self.questions);
        self.transaction
    }

    fn connect(&mut self) {
        self.state = ClientState::Connecting;
        let size = self.config.out_chunk_size;
        if size != DEFAULT_CHUNK_SIZE {
            self.send_control(Control::SetChunkSize(size));
            self.writer.set_chunk_size(size);
        }
        let object = Value::object([
            ("app", Value::string(self.config.app.as_str())),
            ("type", Value::string("nonprivate")),
            ("flashVer", Value::string(self.config.flash_ver.as_str())),
            ("tcUrl", Value::string(self.config.tc_url.as_str())),
            ("objectEncoding", Value::Number(if self.config.amf3 { 3.0 } else { 0.0 })),
        ]);
        self.send_command_with(0, "connect", object, vec![]);
    }

    fn handle_message(&mut self, message: RawMessage) -> Result<(), SessionError> {
        if let Some(control) = Control::parse(message.type_id, &message.body)? {
            return self.handle_control(control);
        }
        match message.type_id {
            kind::COMMAND_AMF0 | kind::COMMAND_AMF3 if !message.body.is_empty() => {
                let command = Command::parse(&message.body, message.type_id == kind::COMMAND_AMF3)?;
                self.handle_command(&command);
            }
            kind::AGGREGATE => {
                for part in aggregate::split(&message.body, message.timestamp)? {
                    self.handle_media(message.message_stream_id, part.type_id, part.timestamp, part.body);
                }
            }
            type_id => self.handle_media(message.message_stream_id, type_id, message.timestamp, message.body),
        }
        Ok(())
    }

    fn handle_control(&mut self, control: Control) -> Result<(), SessionError> {
        match control {
            Control::SetChunkSize(size) => self.reader.set_chunk_size(size)?,
            Control::Abort(chunk_stream_id) => self.reader.abort(chunk_stream_id),
            Control::Acknowledgement(sequence) => self.acknowledgement.acknowledged(sequence),
            Control::WindowAckSize(size) => self.acknowledgement.set_window(size),
            Control::SetPeerBandwidth { size, .. } => {
                if let Some(size) = self.acknowledgement.set_bandwidth(size) {
                    self.send_control(Control::WindowAckSize(size));
                }
            }
            Control::User(UserControl::PingRequest(time)) => {
                self.send_control(Control::User(UserControl::PingResponse(time)));
            }
            Control::User(UserControl::StreamEof(_)) => self.events.push_back(ClientEvent::StreamEnded),
            Control::User(_) => {}
        }
        Ok(())
    }

    fn handle_media(&mut self, message_stream_id: u32, type_id: u8, timestamp: u32, body: Bytes) {
        let (kind, body) = match type_id {
            kind::AUDIO => (MediaKind::Audio, body),
            kind::VIDEO => (MediaKind::Video, body),
            kind::DATA_AMF0 | kind::DATA_AMF3 => match data::playable(&body, type_id == kind::DATA_AMF3) {
                Some(body) => (MediaKind::Data, body),
                None => return,
            },
            _ => return,
        };
        if !body.is_empty() {
            self.events.push_back(ClientEvent::Media(Media { message_stream_id, kind, timestamp, body }));
        }
    }

    fn handle_command(&mut self, command: &Command) {
        let text = |key| {
            let information = command.argument(0).and_then(|value| value.get(key));
            information.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        match command.name.as_str() {
            "_result" if self.state == ClientState::Connecting && command.transaction_id == 1.0 => {
                self.events.push_back(ClientEvent::Connected);
                self.create_stream();
            }
            "_result" if self.state == ClientState::CreatingStream && command.transaction_id == self.create_stream => {
                let id = command.argument(0).and_then(Value::as_number).unwrap_or(0.0);
                self.message_stream_id = id as u32;
                self.start();
            }
            "_error" if matches!(self.state, ClientState::Connecting | ClientState::CreatingStream) => {
                self.state = ClientState::Rejected;
                let (code, description) = (text("code"), text("description"));
                self.events.push_back(ClientEvent::Rejected { code, description });
            }
            "onStatus" => self.handle_status(text("level"), text("code"), text("description")),
            _ => {}
        }
    }

    fn handle_status(&mut self, level: String, code: String, description: String) {
        let message_stream_id = self.message_stream_id;
        let starting = self.state == ClientState::Starting;
        let event = match code.as_str() {
            "NetStream.Publish.Start" if starting => {
                self.state = ClientState::Running;
                ClientEvent::PublishStarted { message_stream_id }
            }
            "NetStream.Play.Start" if starting => {
                self.state = ClientState::Running;
                ClientEvent::PlayStarted { message_stream_id }
            }
            _ if starting && level == "error" => {
                self.state = ClientState::Rejected;
                ClientEvent::Rejected { code, description }
            }
            _ => ClientEvent::Status { level, code, description },
        };
        self.events.push_back(event);
    }

    fn create_stream(&mut self) {
        self.state = ClientState::CreatingStream;
        if self.config.intent == Intent::Publish {
            for name in ["releaseStream", "FCPublish"] {
                let stream = Value::string(self.config.stream_name.as_str());
                self.send_command(0, name, vec![stream]);
            }
        }
        self.create_stream = self.send_command(0, "createStream", vec![]);
    }

    fn start(&mut self) {
        self.state = ClientState::Starting;
        let (id, name) = (self.message_stream_id, Value::string(self.config.stream_name.as_str()));
        match self.config.intent {
            Intent::Publish => {
                self.send_command(id, "publish", vec![name, Value::string("live")]);
            }
            Intent::Play => {
                self.send_command(id, "play", vec![name, Value::Number(-2000.0)]);
                let milliseconds = BUFFER_MILLISECONDS;
                self.send_control(Control::User(UserControl::SetBufferLength { message_stream_id: id, milliseconds }));
            }
        }
    }
}
