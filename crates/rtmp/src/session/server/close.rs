//! The end of a session from our side: a goodbye on every stream (status codes as in RTMP 1.0 section 7.2.2).

use std::time::Instant;

use super::held::Held;
use super::{ServerSession, StateName, StreamStateName};

/// Why the owner ends a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// The server stops or drains.
    ServerShutdown,
    /// An operator or the application ended it.
    Kicked,
    /// Another publisher took the name over.
    Replaced,
    /// The peer takes its data too slowly.
    TooSlow,
    /// A fault of ours.
    Internal,
}

impl CloseReason {
    /// One sentence for the peer.
    pub const fn description(self) -> &'static str {
        match self {
            Self::ServerShutdown => "The server is shutting down.",
            Self::Kicked => "The connection was ended by the server.",
            Self::Replaced => "Another publisher took over this stream.",
            Self::TooSlow => "The connection is too slow for this stream.",
            Self::Internal => "The server had an internal error.",
        }
    }
}

impl ServerSession {
    /// Ends the session from our side: says so on every stream. Take the output, then close the socket.
    pub fn close(&mut self, now: Instant, reason: CloseReason) {
        self.now = now;
        if self.state.name == StateName::Closed {
            return;
        }
        for stream in std::mem::take(&mut self.streams) {
            if stream.state.plays() {
                self.say_unpublished(stream.id, &stream.name);
            } else if stream.state != StreamStateName::Idle {
                self.send_status(stream.id, "error", "NetStream.Publish.Denied", reason.description(), None);
            }
        }
        if self.connected.is_some() {
            self.send_status(0, "status", "NetConnection.Connect.Closed", reason.description(), None);
        }
        self.held = Held::default();
        self.enter(StateName::Closed);
    }
}
