//! The media message that both kinds of session hand out.

use bytes::Bytes;

use crate::chunk::MediaKind;

/// An audio, video or data message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// The message stream it belongs to.
    pub message_stream_id: u32,
    /// What it carries.
    pub kind: MediaKind,
    /// Milliseconds on the sender's clock, modulo 2^32.
    pub timestamp: u32,
    /// The FLV tag body; for data the AMF0 bytes from the name (`onMetaData`) on. Never empty.
    pub body: Bytes,
}
