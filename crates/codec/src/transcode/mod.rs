//! Transcoders over units: AAC to Opus and back, with time counted in samples at 48 kHz (no spec; design section 6).

mod aac_source;
mod aac_to_opus;
mod encoding;
mod opus_to_aac;
mod output;
mod pcm_line;
mod settings;
mod stats;
mod timeline;

pub use aac_to_opus::AacToOpus;
pub use opus_to_aac::OpusToAac;
pub use settings::{AacPolicy, ChannelPolicy, OpusPolicy, TranscodeSettings};
pub use stats::TranscodeStats;
