//! What can be wrong with a tag, and where; a bad tag never ends a stream.

use rtmp_gateway_media::FourCc;
use thiserror::Error;

/// A tag body or file header that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FlvError {
    /// The body ends inside a field.
    #[error("{what} ends early at byte {offset}")]
    Short {
        /// Which part.
        what: &'static str,
        /// Byte offset at which more input was needed.
        offset: usize,
    },
    /// A legacy codec that no player of today's needs (e.g. Sorenson H.263, Speex).
    #[error("legacy {kind} codec {id} is not supported")]
    UnsupportedCodec {
        /// `audio` or `video`.
        kind: &'static str,
        /// `CodecID` or `SoundFormat`.
        id: u8,
    },
    /// A FourCC that enhanced RTMP does not define.
    #[error("unknown codec {0}")]
    UnknownFourCc(FourCc),
    /// A field's value that the specification does not allow.
    #[error("{field} is {value} at byte {offset}: not allowed")]
    BadValue {
        /// Which field.
        field: &'static str,
        /// Its value.
        value: u32,
        /// Byte offset of the field's end.
        offset: usize,
    },
    /// Not an FLV file.
    #[error("no FLV signature")]
    NoSignature,
    /// A data message that does not start with a name (FFmpeg's time code messages are such).
    #[error("data message without a name")]
    NamelessScript,
}

impl FlvError {
    /// A stable code for logs and counters.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Short { .. } => "FLV_SHORT_TAG",
            Self::UnsupportedCodec { .. } => "FLV_UNSUPPORTED_CODEC",
            Self::UnknownFourCc(_) => "FLV_UNKNOWN_FOURCC",
            Self::BadValue { .. } => "FLV_BAD_VALUE",
            Self::NoSignature => "FLV_NO_SIGNATURE",
            Self::NamelessScript => "FLV_NAMELESS_SCRIPT",
        }
    }
}
