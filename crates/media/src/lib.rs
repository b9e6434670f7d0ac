//! Units of media, media time and codec configurations shared by every protocol; no I/O.
//!
//! Everything inside the gateway is a [`Unit`]: one access unit of video or one frame of audio. RTMP and RTP are two
//! adapters around it.
#![forbid(unsafe_code)]

mod config;
mod time;
mod unit;

pub use config::{CodecConfig, FourCc, OtherConfig, TrackKind};
pub use time::MediaTime;
pub use unit::Unit;
