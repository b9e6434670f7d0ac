//! H.264 over RTP (RFC 6184): access units to payloads and back.

mod depacketizer;
mod hints;
mod nal;
mod packetizer;
mod parameter_sets;
mod payload;

pub(crate) use hints::Hints;

pub use depacketizer::{AccessUnit, DepacketizeError, Depacketizer, MAX_ACCESS_UNIT_LENGTH};
pub use packetizer::{InBandParameterSets, PacketizationMode, PacketizeError, Packetizer};
pub use parameter_sets::{ParameterSetError, ParameterSets};
pub use payload::{AggregatedNalUnits, Payload, PayloadError};
