//! What a client session tells its owner, and what its owner tells it at the start.

use bytes::Bytes;

use crate::handshake::HandshakeForm;
use crate::session::Media;

/// What the client is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Publish a live stream.
    Publish,
    /// Play a live stream.
    Play,
}

/// How a client introduces itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientConfig {
    /// Publish or play.
    pub intent: Intent,
    /// The application: room, with a query if wanted.
    pub app: String,
    /// The URL of the application.
    pub tc_url: String,
    /// The stream name, with a query if wanted.
    pub stream_name: String,
    /// The client program.
    pub flash_ver: String,
    /// Plain, or signed by one of the digest schemes.
    pub handshake: HandshakeForm,
    /// Size of our chunks; announced when it is not the default of 128.
    pub out_chunk_size: u32,
    /// Send commands as AMF3 messages (type 17), as Flash does with objectEncoding 3.
    pub amf3: bool,
}

impl ClientConfig {
    /// A client for `rtmp://HOST_PORT/APP/STREAM_NAME` with a plain handshake and chunks of 4,096 bytes.
    pub fn new(intent: Intent, host_port: &str, app: &str, stream_name: &str) -> Self {
        Self {
            intent,
            app: app.to_owned(),
            tc_url: format!("rtmp://{host_port}/{app}"),
            stream_name: stream_name.to_owned(),
            flash_ver: "LNX 9,0,124,2".to_owned(),
            handshake: HandshakeForm::Plain,
            out_chunk_size: 4096,
            amf3: false,
        }
    }
}

/// Output of a client session, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientOutput {
    /// Bytes for the socket.
    Transmit(Bytes),
    /// Something happened.
    Event(ClientEvent),
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientEvent {
    /// connect was accepted.
    Connected,
    /// Publishing may begin: send media on this message stream.
    PublishStarted {
        /// The message stream.
        message_stream_id: u32,
    },
    /// Playing began; media follows when there is some.
    PlayStarted {
        /// The message stream.
        message_stream_id: u32,
    },
    /// Another onStatus.
    Status {
        /// `status`, `warning` or `error`.
        level: String,
        /// Such as `NetStream.Pause.Notify`.
        code: String,
        /// For humans.
        description: String,
    },
    /// connect, createStream, publish or play was refused.
    Rejected {
        /// Such as `NetStream.Publish.BadName`.
        code: String,
        /// For humans.
        description: String,
    },
    /// Media of the stream that is played.
    Media(Media),
    /// The server says that the stream has ended (StreamEOF).
    StreamEnded,
}
