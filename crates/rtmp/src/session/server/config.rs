//! What the owner of a server session may set.

use std::time::Duration;

use crate::limits;

/// Limits and times of a session; the defaults are those of [`crate::limits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerConfig {
    /// Time for the handshake, from the start of the connection.
    pub handshake_deadline: Duration,
    /// Time from the handshake to an accepted publish or play.
    pub command_deadline: Duration,
    /// Silence after which a publisher, or a player that answers pings, is gone.
    pub idle_timeout: Duration,
    /// Silence after which a peer is pinged.
    pub ping_interval: Duration,
    /// Size of our chunks, 1 to [`limits::MAX_CHUNK_SIZE`].
    pub out_chunk_size: u32,
    /// The acknowledgement window and bandwidth announced to the peer.
    pub window_ack_size: u32,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            handshake_deadline: limits::HANDSHAKE_DEADLINE,
            command_deadline: limits::COMMAND_DEADLINE,
            idle_timeout: limits::IDLE_TIMEOUT,
            ping_interval: limits::PING_INTERVAL,
            out_chunk_size: limits::OUT_CHUNK_SIZE,
            window_ack_size: limits::WINDOW_ACK_SIZE,
        }
    }
}
