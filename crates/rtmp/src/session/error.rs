//! Why a session ended: one error for everything a peer can do wrong or fail to do in time.

use thiserror::Error;

use crate::chunk::ChunkError;
use crate::handshake::HandshakeError;
use crate::message::MessageError;

/// The session is over: send what `poll_output` still has, then close the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SessionError {
    /// The handshake failed.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// The chunk stream is broken.
    #[error(transparent)]
    Chunk(#[from] ChunkError),
    /// A message is broken.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The handshake took longer than [`crate::limits::HANDSHAKE_DEADLINE`].
    #[error("the handshake was not done in time")]
    HandshakeTimeout,
    /// Neither publish nor play was accepted within [`crate::limits::COMMAND_DEADLINE`].
    #[error("no publish and no play in time")]
    CommandTimeout,
    /// The peer sent nothing for [`crate::limits::IDLE_TIMEOUT`].
    #[error("the peer went silent")]
    IdleTimeout,
    /// More than [`crate::limits::MAX_HELD_INPUT`] bytes came while a decision was awaited or output was not polled.
    #[error("too many bytes came while the session had to wait")]
    TooMuchHeld,
    /// More than [`crate::limits::MAX_REFUSED_COMMANDS`] commands had to be refused.
    #[error("too many commands were refused")]
    TooManyRefused,
    /// More than [`crate::limits::MAX_REQUESTS`] requests to publish or play, or more than
    /// [`crate::limits::MAX_REJECTED_REQUESTS`] of them rejected.
    #[error("too many requests to publish or play")]
    TooManyRequests,
}

impl SessionError {
    /// The stable code for logs and counters.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Handshake(error) => error.code(),
            Self::Chunk(error) => error.code(),
            Self::Message(error) => error.code(),
            Self::HandshakeTimeout => "RTMP_HANDSHAKE_TIMEOUT",
            Self::CommandTimeout => "RTMP_COMMAND_TIMEOUT",
            Self::IdleTimeout => "RTMP_IDLE_TIMEOUT",
            Self::TooMuchHeld => "RTMP_TOO_MUCH_HELD",
            Self::TooManyRefused => "RTMP_TOO_MANY_REFUSED",
            Self::TooManyRequests => "RTMP_TOO_MANY_REQUESTS",
        }
    }
}
