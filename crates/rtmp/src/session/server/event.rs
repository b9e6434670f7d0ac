//! What a server session tells its owner.

use bytes::Bytes;

use crate::chunk::MediaKind;
pub use crate::session::Media;

/// Output of a session, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Bytes for the socket.
    Transmit(Bytes),
    /// Something happened.
    Event(Event),
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// connect was accepted; for information.
    Connected(Box<Connected>),
    /// The peer wants to publish: answer with `accept_publish` or `reject_publish`. Until then input is held.
    PublishRequested(Box<StreamRequest>),
    /// The peer wants to play: answer with `accept_play` or `reject_play`. Until then input is held.
    PlayRequested(Box<StreamRequest>),
    /// A publisher that had been accepted stopped; the connection may live on.
    Unpublished {
        /// The message stream.
        message_stream_id: u32,
    },
    /// A player that had been accepted stopped; the connection may live on.
    Stopped {
        /// The message stream.
        message_stream_id: u32,
    },
    /// Audio, video or data of an accepted publisher.
    Media(Media),
    /// A player paused or went on. Send it no media while it pauses.
    Paused {
        /// The message stream.
        message_stream_id: u32,
        /// True when it paused.
        paused: bool,
    },
    /// A player wants a kind of media or no longer wants it (receiveAudio, receiveVideo).
    ReceiveChanged {
        /// The message stream.
        message_stream_id: u32,
        /// Audio or video.
        kind: MediaKind,
        /// True when it wants it.
        enabled: bool,
    },
    /// A player told the length of its buffer.
    BufferLength {
        /// The message stream.
        message_stream_id: u32,
        /// Milliseconds.
        milliseconds: u32,
    },
    /// The session itself refused a command with an error answer; worth one log line.
    Refused(Refused),
}

/// What connect said.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Connected {
    /// The application as sent, query included.
    pub app: String,
    /// The room: first segment of the application; its grammar is checked.
    pub room: String,
    /// What followed the room in the application.
    pub instance: String,
    /// The query string of the application, or of tcUrl when the application had none.
    pub query: String,
    /// The URL as sent.
    pub tc_url: String,
    /// The client program.
    pub flash_ver: String,
    /// 0 or 3: the AMF version the client asked for.
    pub object_encoding: u8,
    /// The FourCCs of an enhanced RTMP client, at most 32; empty for others.
    pub four_cc_list: Vec<String>,
}

/// A wish to publish or play.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamRequest {
    /// The message stream it is about.
    pub message_stream_id: u32,
    /// The application as connect sent it, query included.
    pub app: String,
    /// The room; its grammar is checked.
    pub room: String,
    /// The stream name without query; its grammar is checked.
    pub name: String,
    /// The query strings of name and application joined, without `?`; the name's comes first.
    pub query: String,
    /// The URL of connect.
    pub tc_url: String,
}

/// A refused command.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// The stable code for logs and counters.
    pub code: &'static str,
    /// What was refused and why; the peer's strings in it are escaped.
    pub detail: String,
}
