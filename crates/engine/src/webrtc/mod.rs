//! WebRTC: viewers (WHEP) and publishers (WHIP) of one shard, over one UDP socket (RFC 8834, RFC 9725).

mod crypto;
mod packetized;
mod sdp;
mod setup;

pub use crypto::IdentityError;
pub use packetized::{MAX_PAYLOAD, PacketizedUnit};
pub use sdp::{MAX_CANDIDATES, MAX_SDP, MAX_SECTIONS, SetupError};
pub use setup::{PublisherSetup, StreamMedia, VideoFormat, ViewerSetup, setup_publisher, setup_viewer, warm_up};
