//! AAC and Opus encoders and decoders, resampling and transcoders; no threads.
#![deny(unsafe_op_in_unsafe_fn)]
#![deny(missing_docs)]

mod aac;
mod error;
mod opus;
mod pcm;
mod resample;
mod transcode;

pub use aac::adts;
pub use aac::{AAC_FRAME, AacDecoder, AacEncoder, AacEncoderSettings, AacProfile};
pub use error::CodecError;
pub use opus::{OPUS_FRAME, OpusApplication, OpusDecoder, OpusEncoder, OpusEncoderSettings, OpusPacketInfo};
pub use pcm::{Declicker, PcmSpec, SAMPLE_RATE, SampleFifo, convert_channels};
pub use resample::Resampler;
pub use transcode::{AacPolicy, AacToOpus, ChannelPolicy, OpusPolicy, OpusToAac, TranscodeSettings, TranscodeStats};
