//! Pure adapters between protocols and units, and the timeline that keeps sound and picture together; no I/O.
//!
//! RTMP in: [`RtmpToUnits`]. RTP in: [`RtpToUnits`], on its [`Timeline`]. RTMP and FLV out: [`RtmpMessage`] once per stream and [`PlayerClock`] per player. RTP out:
//! [`UnitsToRtp`] once per stream.
#![forbid(unsafe_code)]

pub mod rtmp_to_units;
mod rtp_to_units;
mod timeline;
mod units_to_rtmp;
mod units_to_rtp;

pub use rtmp_to_units::{Item, RtmpCounters, RtmpToUnits, RtmpToUnitsError};
pub use rtp_to_units::{RtpToUnits, RtpToUnitsStatistics};
pub use timeline::Timeline;
pub use units_to_rtmp::{PlayerClock, RtmpMessage};
pub use units_to_rtp::{RtpUnit, UnitsToRtp, UnitsToRtpError, VideoState};
