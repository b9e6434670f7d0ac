//! What the table of sessions tells the shard: events, numbers and refusals.

use crate::webrtc::peer::{CloseReason, SessionState};
use crate::webrtc::publisher::{ReceivedPacket, ReceivedReport};
use crate::webrtc::sdp::SetupError;
use crate::webrtc::viewer::{Delivery, GopReason};
use crate::webrtc::{SessionId, StreamKey};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Something the shard should know.
#[derive(Debug)]
pub enum Event {
    /// ICE and DTLS are done.
    Connected {
        /// Which session.
        id: SessionId,
    },
    /// A viewer wants the cached group of pictures: answer with [`crate::webrtc::WebRtc::start_with_gop`].
    GopWanted {
        /// Which session.
        id: SessionId,
        /// The stream it watches.
        stream: StreamKey,
        /// Its first picture, or a keyframe request.
        reason: GopReason,
    },
    /// A packet of a publisher.
    Packet {
        /// Which session.
        id: SessionId,
        /// The packet.
        packet: ReceivedPacket,
    },
    /// A sender report of a publisher.
    Report {
        /// Which session.
        id: SessionId,
        /// The report.
        report: ReceivedReport,
    },
    /// A session is over and gone.
    Disconnected {
        /// Which session.
        id: SessionId,
        /// The stream it watched; none for a publisher.
        stream: Option<StreamKey>,
        /// Why.
        reason: CloseReason,
    },
}

/// A session could not be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddError {
    /// The shard has as many as it may.
    #[error("this shard has {limit} WebRTC sessions already")]
    TooManySessions {
        /// The limit.
        limit: usize,
    },
}

impl AddError {
    /// The stable code for API answers and logs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooManySessions { .. } => "GW_TOO_MANY_SESSIONS",
        }
    }
}

/// A fragment was not applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// There is no such session (any more).
    #[error("there is no such WebRTC session")]
    SessionNotFound,
    /// The entity tag is of another ICE session (RFC 9725 section 4.3.1).
    #[error("the entity tag is not that of the present ICE session")]
    EtagMismatch,
    /// The fragment is malformed.
    #[error(transparent)]
    Fragment(#[from] SetupError),
}

impl PatchError {
    /// The stable code for API answers and logs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SessionNotFound => "GW_SESSION_NOT_FOUND",
            Self::EtagMismatch => "GW_ETAG_MISMATCH",
            Self::Fragment(error) => error.code(),
        }
    }
}

/// What was counted since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Datagrams that are no STUN check, DTLS, SRTP or SRTCP.
    pub garbage: u64,
    /// Checks for no session, or that were not authentic.
    pub rejected_checks: u64,
    /// DTLS, SRTP or SRTCP from an address that no session has validated.
    pub unvalidated: u64,
    /// Datagrams that arrived at an address that is not a candidate.
    pub misdirected: u64,
    /// Sessions ended by a panic.
    pub panics: u64,
    /// Datagrams that the network refused.
    pub send_errors: u64,
}

/// A session's numbers.
#[derive(Debug, Clone)]
pub struct SessionStats {
    /// Where it is in its life.
    pub state: SessionState,
    /// Since when.
    pub since: Instant,
    /// The stream it watches; none for a publisher.
    pub stream: Option<StreamKey>,
    /// Where its media goes; `None` before ICE has found out.
    pub remote_address: Option<SocketAddr>,
    /// Received, in bytes of datagrams.
    pub bytes_in: u64,
    /// Sent, in bytes of datagrams.
    pub bytes_out: u64,
    /// Sent datagrams.
    pub packets_out: u64,
    /// Video units that this viewer did not get.
    pub dropped_frames: u64,
    /// Audio packets that this viewer did not get.
    pub dropped_audio: u64,
    /// How much of the stream a viewer is sent; everything from a publisher.
    pub delivery: Delivery,
    /// The share of a viewer's packets that was lost in the last second (repaired ones included), if it reports.
    pub loss: Option<f32>,
    /// From sending a viewer a packet to its report on it: the round trip and up to 100 ms.
    pub round_trip: Option<Duration>,
    /// Media packets that a publisher sent.
    pub packets_in: u64,
    /// Keyframe requests (PLI and FIR): a viewer's to us, ours to a publisher.
    pub keyframe_requests: u64,
}
