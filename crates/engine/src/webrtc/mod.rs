//! WebRTC: viewers (WHEP) and publishers (WHIP) of one shard, over one UDP socket (RFC 8834, RFC 9725).
//!
//! Everything but `io` and `socket` is without sockets and takes the time as an argument. A session is set up on a helper
//! thread ([`setup_viewer`]), moves to its shard ([`WebRtc::add_viewer`]) and lives there under a [`SessionId`].

mod addresses;
mod batch;
mod candidates;
mod crypto;
mod demux;
mod io;
mod packetized;
mod peer;
mod peers;
mod publisher;
mod sdp;
mod session_id;
mod setup;
mod socket;
#[cfg(test)]
mod tests;
mod viewer;

pub use crypto::IdentityError;
pub use io::{BindOptions, WebRtc, drive};
pub use packetized::{MAX_PAYLOAD, PAYLOAD_TARGET, PacketizedUnit};
pub use peer::{CloseReason, PatchReply, SessionState};
pub use peers::{AddError, Counters, Event, PatchError, SessionStats};
pub use publisher::{ReceivedPacket, ReceivedReport};
pub use sdp::{MAX_CANDIDATES, MAX_SDP, MAX_SECTIONS, SetupError};
pub use session_id::SessionId;
pub use setup::{
    PublisherSetup, StreamMedia, VideoFormat, ViewerOptions, ViewerSetup, setup_publisher, setup_viewer,
    setup_viewer_with, warm_up,
};
pub use socket::BindError;
pub use viewer::{Delivery, GopHint, GopReason};

/// A stream of the shard, by whatever number the shard gives it.
pub type StreamKey = u64;
