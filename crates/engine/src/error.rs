//! Errors of the engine's public calls; each has the stable `GW_*` code that the API and the logs show.

use crate::webrtc;
use std::net::SocketAddr;

/// Why a call to the engine failed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A listener's address is in use by another program.
    #[error("{what} port {address} is in use; choose another with {flag}, or 0 for a free one")]
    PortInUse {
        /// Which listener: `RTMP` or `WebRTC UDP`.
        what: &'static str,
        /// The address that was asked for.
        address: SocketAddr,
        /// The flag that moves it.
        flag: &'static str,
    },
    /// A listener could not be opened for another reason.
    #[error("cannot listen for {what} on {address}: {source}")]
    Listen {
        /// Which listener.
        what: &'static str,
        /// The address that was asked for.
        address: SocketAddr,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// An option is out of its range.
    #[error("{0}")]
    BadOption(String),
    /// A thread or runtime could not be made.
    #[error("cannot start {what}: {source}")]
    Start {
        /// What was being started.
        what: &'static str,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// There is no such stream, and none came within the time the caller would wait.
    #[error("there is no stream {room}/{name}")]
    StreamNotFound {
        /// The room asked for.
        room: String,
        /// The stream's name asked for.
        name: String,
    },
    /// Somebody else publishes under the name.
    #[error("{room}/{name} is already being published")]
    StreamTaken {
        /// The room asked for.
        room: String,
        /// The stream's name asked for.
        name: String,
    },
    /// There is no such session (any more).
    #[error("there is no such session; it may have ended")]
    SessionNotFound,
    /// A limit on sessions or waiting requests is reached.
    #[error("too many {what}: the limit is {limit}; try again later")]
    TooMany {
        /// What there is too many of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The offer was refused by the WebRTC side.
    #[error(transparent)]
    Setup(#[from] webrtc::SetupError),
    /// A trickle or restart fragment was refused.
    #[error(transparent)]
    Patch(#[from] webrtc::PatchError),
    /// The session could not be added to its shard.
    #[error(transparent)]
    Add(#[from] webrtc::AddError),
    /// The UDP socket could not be opened.
    #[error(transparent)]
    Bind(webrtc::BindError),
    /// A shard has more queued commands than it can take, or does not answer.
    #[error("the engine is overloaded; try again")]
    Busy,
    /// The engine is stopping or stopped.
    #[error("the engine is stopped")]
    Stopped,
}

impl EngineError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::PortInUse { .. } => "GW_PORT_IN_USE",
            Self::Listen { .. } => "GW_LISTEN_FAILED",
            Self::BadOption(_) => "GW_CONFIG_INVALID",
            Self::Start { .. } => "GW_START_FAILED",
            Self::StreamNotFound { .. } => "GW_STREAM_NOT_FOUND",
            Self::StreamTaken { .. } => "GW_STREAM_TAKEN",
            Self::SessionNotFound => "GW_SESSION_NOT_FOUND",
            Self::TooMany { .. } => "GW_TOO_MANY_SESSIONS",
            Self::Setup(error) => error.code(),
            Self::Patch(error) => error.code(),
            Self::Add(error) => error.code(),
            Self::Bind(error) => error.code(),
            Self::Busy => "GW_BUSY",
            Self::Stopped => "GW_STOPPED",
        }
    }

    /// An error of the UDP socket at `address`; one that is in use says which flag moves it.
    pub(crate) fn from_bind(error: webrtc::BindError, address: SocketAddr) -> Self {
        if error.code() == "GW_PORT_IN_USE" {
            return Self::PortInUse { what: "WebRTC UDP", address, flag: "--webrtc-port" };
        }
        Self::Bind(error)
    }
}
