//! Transcoders over units: AAC to Opus and back, with time counted in samples at 48 kHz (no spec; design section 6).

mod aac_to_opus;
mod opus_output;
mod settings;
mod stats;
mod timeline;

pub use aac_to_opus::AacToOpus;
pub use settings::{AacPolicy, ChannelPolicy, OpusPolicy, TranscodeSettings};
pub use stats::TranscodeStats;
