//! The named states of a connection and of its message streams.

use std::fmt;
use std::time::Instant;

/// Where a connection is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StateName {
    /// C0 to C2 are awaited.
    Handshake,
    /// connect is awaited.
    Connecting,
    /// connect was accepted; nothing is published or played.
    Connected,
    /// The owner's decision on a publish or play is awaited.
    Deciding,
    /// At least one stream is published.
    Publishing,
    /// At least one stream is played and none published.
    Playing,
    /// `close` was called.
    Closed,
}

impl StateName {
    /// The name in lower case, as the API shows it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Deciding => "deciding",
            Self::Publishing => "publishing",
            Self::Playing => "playing",
            Self::Closed => "closed",
        }
    }
}

impl fmt::Display for StateName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A state and when it was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// The state.
    pub name: StateName,
    /// When it was entered.
    pub since: Instant,
}

/// Where a message stream is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamStateName {
    /// Created, or stopped again.
    Idle,
    /// publish awaits its decision.
    AwaitingPublish,
    /// Publishing.
    Publishing,
    /// play awaits its decision.
    AwaitingPlay,
    /// Playing.
    Playing,
    /// Playing, and paused by the player.
    Paused,
}

impl StreamStateName {
    /// The name in lower case, as the API shows it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::AwaitingPublish => "awaiting-publish",
            Self::Publishing => "publishing",
            Self::AwaitingPlay => "awaiting-play",
            Self::Playing => "playing",
            Self::Paused => "paused",
        }
    }

    pub(super) const fn plays(self) -> bool {
        matches!(self, Self::Playing | Self::Paused)
    }

    pub(super) const fn awaits(self) -> bool {
        matches!(self, Self::AwaitingPublish | Self::AwaitingPlay)
    }
}

impl fmt::Display for StreamStateName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A message stream, its state and when it was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamState {
    /// The message stream id.
    pub message_stream_id: u32,
    /// The state.
    pub name: StreamStateName,
    /// When it was entered.
    pub since: Instant,
}
