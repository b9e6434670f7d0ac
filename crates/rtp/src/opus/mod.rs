//! Opus over RTP (RFC 7587): what a packet's own bytes tell (RFC 6716 section 3), and payloads for sending.

mod packet;
mod packetizer;
mod toc;

pub use packet::{MAX_PACKET_SAMPLES, OpusError, PacketInfo};
pub use packetizer::Packetizer;
pub use toc::{Bandwidth, Mode, Toc};

/// The RTP clock of Opus in ticks a second, whatever the coded bandwidth (RFC 7587 section 4.1).
pub const CLOCK_RATE: u32 = 48_000;
