//! Messages (RTMP 1.0 sections 5.4, 6 and 7): control, user control, commands, data, aggregates.

pub mod aggregate;
pub mod command;
pub mod control;
pub mod data;

use thiserror::Error;

use crate::amf0::AmfError;

/// Message type ids (section 7.1).
pub mod kind {
    /// Set Chunk Size.
    pub const SET_CHUNK_SIZE: u8 = 1;
    /// Abort Message.
    pub const ABORT: u8 = 2;
    /// Acknowledgement.
    pub const ACKNOWLEDGEMENT: u8 = 3;
    /// User Control.
    pub const USER_CONTROL: u8 = 4;
    /// Window Acknowledgement Size.
    pub const WINDOW_ACK_SIZE: u8 = 5;
    /// Set Peer Bandwidth.
    pub const SET_PEER_BANDWIDTH: u8 = 6;
    /// Audio.
    pub const AUDIO: u8 = 8;
    /// Video.
    pub const VIDEO: u8 = 9;
    /// Data in an AMF3 message.
    pub const DATA_AMF3: u8 = 15;
    /// Shared object in AMF3; not served.
    pub const SHARED_OBJECT_AMF3: u8 = 16;
    /// Command in an AMF3 message.
    pub const COMMAND_AMF3: u8 = 17;
    /// Data in AMF0.
    pub const DATA_AMF0: u8 = 18;
    /// Shared object in AMF0; not served.
    pub const SHARED_OBJECT_AMF0: u8 = 19;
    /// Command in AMF0.
    pub const COMMAND_AMF0: u8 = 20;
    /// Aggregate.
    pub const AGGREGATE: u8 = 22;
}

/// What was wrong with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MessageError {
    /// A control message shorter than its fields.
    #[error("control message of type {type_id} has only {length} bytes")]
    ShortControl {
        /// Message type.
        type_id: u8,
        /// Bytes of its body.
        length: usize,
    },
    /// A command beyond [`crate::limits::MAX_COMMAND_LENGTH`].
    #[error("command of {length} bytes")]
    LongCommand {
        /// Bytes of its body.
        length: usize,
    },
    /// A command that does not start with a name and a transaction id.
    #[error("command without a name or transaction id")]
    BadCommand,
    /// AMF that does not decode.
    #[error(transparent)]
    Amf(#[from] AmfError),
    /// An aggregate whose parts run past its end.
    #[error("aggregate message broken at byte {at}")]
    BadAggregate {
        /// Byte offset of the part that is broken.
        at: usize,
    },
    /// An aggregate of more than [`crate::limits::MAX_AGGREGATE_PARTS`] parts.
    #[error("aggregate message of too many parts")]
    TooManyParts,
}

impl MessageError {
    /// The stable code for logs and counters.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ShortControl { .. } => "RTMP_SHORT_CONTROL",
            Self::LongCommand { .. } => "RTMP_LONG_COMMAND",
            Self::BadCommand => "RTMP_BAD_COMMAND",
            Self::Amf(error) => error.code(),
            Self::BadAggregate { .. } => "RTMP_BAD_AGGREGATE",
            Self::TooManyParts => "RTMP_TOO_MANY_PARTS",
        }
    }
}
