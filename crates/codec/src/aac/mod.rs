//! AAC (ISO/IEC 14496-3): decoding of LC, HE and HE v2, encoding of LC, ADTS headers.

pub mod adts;
mod decoder;
#[cfg(feature = "fdk")]
mod fdk_decoder;
#[cfg(feature = "fdk")]
mod fdk_encoder;
#[cfg(not(feature = "fdk"))]
mod no_encoder;
mod settings;
mod silence;
mod symphonia_decoder;

pub use decoder::AacDecoder;
#[cfg(feature = "fdk")]
pub use fdk_encoder::AacEncoder;
#[cfg(not(feature = "fdk"))]
pub use no_encoder::AacEncoder;
pub use settings::{AacEncoderSettings, AacProfile};

/// Samples of each channel in an AAC-LC access unit.
pub const AAC_FRAME: usize = 1_024;

/// Longest access unit that is looked at: what ADTS's 13-bit length can say; 6,144 bits a channel are legal.
pub(crate) const MAXIMUM_ACCESS_UNIT: usize = 8_191;
