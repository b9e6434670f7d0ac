//! What the scenarios share: two sessions joined by a pair of byte pipes, and raw bytes for hostile peers.
#![allow(dead_code, reason = "every scenario uses a part")]
#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::time::{Duration, Instant};

use bytes::Bytes;
use rtmp_gateway_rtmp::RandomBytes;
use rtmp_gateway_rtmp::amf0::{Value, encode_all};
use rtmp_gateway_rtmp::chunk::{ChunkReader, RawMessage, ReaderLimits, write_message};
use rtmp_gateway_rtmp::message::command::Command;
use rtmp_gateway_rtmp::message::kind;
use rtmp_gateway_rtmp::session::SessionError;
use rtmp_gateway_rtmp::session::client::{ClientConfig, ClientEvent, ClientOutput, ClientSession};
use rtmp_gateway_rtmp::session::server::{Event, Output, ServerConfig, ServerSession};

/// One instant for all tests: only differences count.
#[allow(clippy::disallowed_methods, reason = "a test needs some instant to start from; it never reads the clock again")]
pub fn start() -> Instant {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    *START.get_or_init(Instant::now)
}

pub fn at(milliseconds: u64) -> Instant {
    start() + Duration::from_millis(milliseconds)
}

pub fn server() -> ServerSession {
    ServerSession::new(ServerConfig::default(), start(), RandomBytes::new([1; 32]))
}

pub fn client(config: ClientConfig) -> ClientSession {
    ClientSession::new(config, start(), RandomBytes::new([2; 32]))
}

/// All output of a server: bytes and events.
pub fn drain(server: &mut ServerSession) -> (Vec<u8>, Vec<Event>) {
    let (mut bytes, mut events) = (Vec::new(), Vec::new());
    while let Some(output) = server.poll_output() {
        match output {
            Output::Transmit(piece) => bytes.extend_from_slice(&piece),
            Output::Event(event) => events.push(event),
        }
    }
    (bytes, events)
}

pub fn drain_client(client: &mut ClientSession) -> (Vec<u8>, Vec<ClientEvent>) {
    let (mut bytes, mut events) = (Vec::new(), Vec::new());
    while let Some(output) = client.poll_output() {
        match output {
            ClientOutput::Transmit(piece) => bytes.extend_from_slice(&piece),
            ClientOutput::Event(event) => events.push(event),
        }
    }
    (bytes, events)
}

/// A client and a server whose bytes reach each other in pieces of `piece` bytes.
pub struct Pair {
    pub client: ClientSession,
    pub server: ServerSession,
    pub piece: usize,
    pub client_events: Vec<ClientEvent>,
    pub server_events: Vec<Event>,
}

impl Pair {
    pub fn new(config: ClientConfig, piece: usize) -> Self {
        Self { client: client(config), server: server(), piece, client_events: Vec::new(), server_events: Vec::new() }
    }

    /// Carries bytes to and fro until both are silent.
    pub fn run(&mut self) {
        loop {
            let (to_server, events) = drain_client(&mut self.client);
            self.client_events.extend(events);
            for piece in to_server.chunks(self.piece) {
                self.server.handle_input(start(), piece).unwrap();
            }
            let (to_client, events) = drain(&mut self.server);
            self.server_events.extend(events);
            for piece in to_client.chunks(self.piece) {
                self.client.handle_input(start(), piece).unwrap();
            }
            if to_server.is_empty() && to_client.is_empty() {
                return;
            }
        }
    }

    /// Accepts what the server asks about and runs on.
    pub fn accept(&mut self) {
        self.run();
        for event in self.server_events.clone() {
            match event {
                Event::PublishRequested(r) => self.server.accept_publish(start(), r.message_stream_id),
                Event::PlayRequested(r) => self.server.accept_play(start(), r.message_stream_id),
                _ => continue,
            };
        }
        self.run();
    }
}

/// A hostile or old-fashioned client: raw chunks against a server, answers decoded.
pub struct Raw {
    pub server: ServerSession,
    pub now: Instant,
    reader: ChunkReader,
    pub events: Vec<Event>,
    pub answers: Vec<RawMessage>,
}

impl Raw {
    /// After the handshake.
    pub fn new() -> Self {
        let mut server = server();
        server.handle_input(start(), &handshake()).unwrap();
        drain(&mut server);
        let reader = ChunkReader::new(ReaderLimits::PUBLISHER);
        Self { server, now: start(), reader, events: Vec::new(), answers: Vec::new() }
    }

    /// After connect.
    pub fn connected() -> Self {
        let mut raw = Self::new();
        raw.command(0, "connect", 1.0, connect_object("room"), vec![]).unwrap();
        raw
    }

    /// With one message stream that publishes `name`.
    pub fn publishing(name: &str) -> Self {
        let mut raw = Self::connected();
        raw.command(0, "createStream", 2.0, Value::Null, vec![]).unwrap();
        raw.command(1, "publish", 3.0, Value::Null, vec![Value::string(name), Value::string("live")]).unwrap();
        assert!(raw.server.accept_publish(raw.now, 1));
        raw.collect();
        raw
    }

    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), SessionError> {
        let result = self.server.handle_input(self.now, bytes);
        self.collect();
        result
    }

    pub fn collect(&mut self) {
        let (bytes, events) = drain(&mut self.server);
        self.events.extend(events);
        let mut rest = &bytes[..];
        while let (taken, Some(message)) = self.reader.read(rest).unwrap() {
            rest = &rest[taken..];
            if message.type_id == kind::SET_CHUNK_SIZE {
                self.reader.set_chunk_size(u32::from_be_bytes(message.body[..4].try_into().unwrap())).unwrap();
            }
            self.answers.push(message);
        }
    }

    pub fn message(&mut self, chunk_stream: u32, type_id: u8, stream: u32, body: &[u8]) -> Result<(), SessionError> {
        let mut bytes = Vec::new();
        write_message(128, chunk_stream, 0, type_id, stream, body, &mut bytes);
        self.bytes(&bytes)
    }

    pub fn command(
        &mut self,
        stream: u32,
        name: &str,
        transaction: f64,
        object: Value,
        arguments: Vec<Value>,
    ) -> Result<(), SessionError> {
        let body = Command::new(name, transaction, object, arguments).encode();
        self.message(3, kind::COMMAND_AMF0, stream, &body)
    }

    /// The commands the server sent since the last call.
    pub fn commands(&mut self) -> Vec<(u32, Command)> {
        let answers = std::mem::take(&mut self.answers);
        let commands = answers.into_iter().filter(|m| m.type_id == kind::COMMAND_AMF0);
        commands.map(|m| (m.message_stream_id, Command::parse(&m.body, false).unwrap())).collect()
    }

    /// The `code` of the one command the server sent since the last call, with its name.
    pub fn answer(&mut self) -> (String, String) {
        let commands = self.commands();
        assert_eq!(commands.len(), 1, "{commands:?}");
        let (_, command) = &commands[0];
        let code = command.argument(0).and_then(|v| v.get("code")).and_then(Value::as_str).unwrap_or_default();
        (command.name.clone(), code.to_owned())
    }

    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}

/// C0, C1 and C2 of a plain client.
pub fn handshake() -> Vec<u8> {
    let mut bytes = vec![0; 1 + 2 * 1536];
    bytes[0] = 3;
    bytes
}

pub fn connect_object(app: &str) -> Value {
    Value::object([("app", Value::string(app)), ("tcUrl", Value::string(format!("rtmp://127.0.0.1/{app}")))])
}

pub fn metadata() -> Bytes {
    encode_all(&[Value::string("onMetaData"), Value::EcmaArray(vec![("width".into(), Value::Number(640.0))])]).into()
}
