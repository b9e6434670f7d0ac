//! The states, events and ends of a peer connection.

use crate::webrtc::viewer::Feedback;
use std::net::SocketAddr;
use str0m::media::{Mid, SenderFeedback};
use str0m::rtp::RtpPacket;

/// A datagram to send.
#[derive(Debug)]
pub struct Transmit {
    /// Where to.
    pub destination: SocketAddr,
    /// The datagram.
    pub contents: Vec<u8>,
}

/// Why a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloseReason {
    /// It never connected within 30 s.
    ConnectTimeout,
    /// The peer stopped answering.
    IceTimeout,
    /// The peer said goodbye.
    PeerClosed,
    /// The stream it watched ended.
    StreamEnded,
    /// The gateway removed it.
    Removed,
    /// It could not keep up for too long.
    Overrun,
    /// The connection broke: ICE, DTLS or SRTP refused to go on.
    Failed(String),
    /// A bug of ours; only this session ended.
    Panicked,
}

/// Where a session is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// ICE and DTLS have not finished.
    Connecting,
    /// Media flows.
    Connected,
    /// It is over.
    Closed,
}

impl std::fmt::Display for SessionState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Closed => "closed",
        })
    }
}

/// What happened in a peer connection.
#[derive(Debug)]
pub(in crate::webrtc) enum PeerEvent {
    Connected,
    KeyframeRequested(Mid),
    Packet(Box<RtpPacket>),
    SenderReport(SenderFeedback),
    Feedback(Feedback),
    Closed(CloseReason),
}

/// What became of a STUN message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::webrtc) enum StunOutcome {
    /// Not authentic; nothing was answered.
    Rejected,
    /// Authentic with the present credentials.
    Current,
    /// Authentic with those from before an ICE restart.
    Previous,
}

/// An answered ICE fragment (RFC 9725 section 4.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchReply {
    /// The fragment with our new credentials when it was an ICE restart; nothing for trickled candidates.
    pub answer: Option<String>,
    /// The session's entity tag from now on, without quotes.
    pub etag: String,
}
