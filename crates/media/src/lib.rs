//! Units of media, media time and codec configurations shared by every protocol; no I/O.
//!
//! Everything inside the gateway is a [`Unit`]: one access unit of video or one frame of audio. RTMP and RTP are two
//! adapters around it.
#![forbid(unsafe_code)]

mod aac;
mod bits;
mod config;
mod error;
pub mod h264;
mod opus;
mod time;
mod unit;

pub use aac::AacConfig;
pub use bits::{BitReader, BitWriter};
pub use config::{CodecConfig, FourCc, OtherConfig, TrackKind};
pub use error::{ConfigError, NalError};
pub use h264::{H264Config, SpsInfo};
pub use opus::OpusConfig;
pub use time::MediaTime;
pub use unit::Unit;
