//! Opus (RFC 6716) by libopus: safe wrappers over `opusic-sys`, always at 48 kHz.

mod decoder;
mod encoder;
mod packet;

pub use decoder::OpusDecoder;
pub use encoder::{OpusApplication, OpusEncoder, OpusEncoderSettings};
pub use packet::OpusPacketInfo;

/// Samples of each channel in the packets that the gateway makes: 20 ms at 48 kHz.
pub const OPUS_FRAME: usize = 960;
