//! AMF0 (Adobe Action Message Format 0): values, decoding with bounds, encoding.

mod decode;
mod encode;
mod input;
mod value;

pub use decode::{Decoder, decode_all};
pub use encode::{encode, encode_all};
pub(crate) use input::Input;
pub use value::Value;

use thiserror::Error;

/// What was wrong with AMF0 or AMF3 bytes; `at` is the byte offset in the message body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AmfError {
    /// The bytes end inside a value.
    #[error("AMF value cut short at byte {at}")]
    Truncated {
        /// Byte offset of the read that failed.
        at: usize,
    },
    /// A type marker that does not exist or may not stand here.
    #[error("unknown AMF marker {marker:#04x} at byte {at}")]
    BadMarker {
        /// The marker.
        marker: u8,
        /// Byte offset of the marker.
        at: usize,
    },
    /// Nested deeper than [`crate::limits::MAX_AMF_DEPTH`].
    #[error("AMF values nested too deep at byte {at}")]
    TooDeep {
        /// Byte offset of the value that is too deep.
        at: usize,
    },
    /// More values than [`crate::limits::MAX_AMF_VALUES`].
    #[error("too many AMF values at byte {at}")]
    TooMany {
        /// Byte offset of the value that is one too many.
        at: usize,
    },
    /// A string longer than [`crate::limits::MAX_AMF_STRING`].
    #[error("AMF string of {length} bytes at byte {at}")]
    StringTooLong {
        /// The declared length.
        length: usize,
        /// Byte offset of the string.
        at: usize,
    },
    /// A reference to a value that was not sent before.
    #[error("AMF reference {index} at byte {at} points nowhere")]
    BadReference {
        /// The index.
        index: u32,
        /// Byte offset of the reference.
        at: usize,
    },
}

impl AmfError {
    /// The stable code for logs and counters.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Truncated { .. } => "AMF_TRUNCATED",
            Self::BadMarker { .. } => "AMF_BAD_MARKER",
            Self::TooDeep { .. } => "AMF_TOO_DEEP",
            Self::TooMany { .. } => "AMF_TOO_MANY_VALUES",
            Self::StringTooLong { .. } => "AMF_STRING_TOO_LONG",
            Self::BadReference { .. } => "AMF_BAD_REFERENCE",
        }
    }
}
