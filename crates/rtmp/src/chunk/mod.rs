//! The chunk stream (RTMP 1.0 section 5.3): messages cut into chunks and put together again.

mod header;
mod media;
mod reader;
mod writer;

pub use media::{MediaHeader, MediaKind, MediaPieces, media_pieces};
pub use reader::{ChunkReader, ReaderLimits};
pub use writer::{ChunkWriter, write_message};

use bytes::Bytes;
use thiserror::Error;

/// A whole message as the chunk stream carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawMessage {
    /// The chunk stream it came on: 2 to 65,599.
    pub chunk_stream_id: u32,
    /// Milliseconds on the sender's clock, modulo 2^32.
    pub timestamp: u32,
    /// Message type id (section 7.1 and [`crate::message`]).
    pub type_id: u8,
    /// Message stream id; 0 is the connection itself.
    pub message_stream_id: u32,
    /// The payload.
    pub body: Bytes,
}

/// What was wrong with a chunk; the session that reports it is beyond repair, since chunk boundaries are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ChunkError {
    /// A header that leans on a previous one came first on its chunk stream.
    #[error("chunk of format {format} on chunk stream {chunk_stream_id} that has no header to lean on")]
    NoPreviousHeader {
        /// The format, 1 to 3.
        format: u8,
        /// The chunk stream.
        chunk_stream_id: u32,
    },
    /// A new message header in the middle of a message.
    #[error("chunk of format {format} on chunk stream {chunk_stream_id} in the middle of a message")]
    UnfinishedMessage {
        /// The format, 0 to 2.
        format: u8,
        /// The chunk stream.
        chunk_stream_id: u32,
    },
    /// A message longer than this connection may send.
    #[error("message of {length} bytes on chunk stream {chunk_stream_id}, more than {limit}")]
    MessageTooLong {
        /// Declared length in bytes.
        length: u32,
        /// The limit at the time.
        limit: u32,
        /// The chunk stream.
        chunk_stream_id: u32,
    },
    /// More chunk streams than [`crate::limits::MAX_CHUNK_STREAMS`].
    #[error("chunk stream {chunk_stream_id} is one too many")]
    TooManyChunkStreams {
        /// The chunk stream that was refused.
        chunk_stream_id: u32,
    },
    /// Unfinished messages hold more bytes than this connection may.
    #[error("unfinished messages hold more than {limit} bytes")]
    TooMuchPending {
        /// The limit at the time.
        limit: usize,
    },
    /// Zero-length messages without end.
    #[error("too many empty messages in a row")]
    TooManyEmpty,
    /// The peer repeats extended timestamps on continuation chunks, but here stands something else.
    #[error(
        "chunk stream {chunk_stream_id}: extended timestamp {found} where {expected} was due, chunks are out of step"
    )]
    Desynchronized {
        /// The chunk stream.
        chunk_stream_id: u32,
        /// The value that should have been repeated.
        expected: u32,
        /// The value found.
        found: u32,
    },
    /// A Set Chunk Size below 1 or with its high bit set.
    #[error("chunk size {0} is not allowed")]
    BadChunkSize(u32),
}

impl ChunkError {
    /// The stable code for logs and counters.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoPreviousHeader { .. } => "RTMP_NO_PREVIOUS_HEADER",
            Self::UnfinishedMessage { .. } => "RTMP_UNFINISHED_MESSAGE",
            Self::MessageTooLong { .. } => "RTMP_MESSAGE_TOO_LONG",
            Self::TooManyChunkStreams { .. } => "RTMP_TOO_MANY_CHUNK_STREAMS",
            Self::TooMuchPending { .. } => "RTMP_TOO_MUCH_PENDING",
            Self::TooManyEmpty => "RTMP_TOO_MANY_EMPTY_MESSAGES",
            Self::Desynchronized { .. } => "RTMP_DESYNCHRONIZED",
            Self::BadChunkSize(_) => "RTMP_BAD_CHUNK_SIZE",
        }
    }
}
