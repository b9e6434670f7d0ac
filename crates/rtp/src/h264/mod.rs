//! H.264 over RTP (RFC 6184): access units to payloads and back.

mod nal;
mod packetizer;

pub use packetizer::{InBandParameterSets, PacketizationMode, PacketizeError, Packetizer};
