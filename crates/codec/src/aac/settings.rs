//! What an AAC encoder is to make, and the ranges of it.

use crate::CodecError;

/// The kinds of AAC that the encoder makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AacProfile {
    /// AAC-LC, audio object type 2: what every RTMP player takes.
    #[default]
    LowComplexity,
    /// HE-AAC, audio object type 5 (SBR). For tests and load generators.
    HighEfficiency {
        /// Whether the configuration says so; implicit streams look like AAC-LC at half the rate.
        explicit: bool,
    },
    /// HE-AAC v2, audio object type 29 (SBR and parametric stereo). For tests and load generators.
    HighEfficiencyV2 {
        /// Whether the configuration says so.
        explicit: bool,
    },
}

/// Settings of an [`AacEncoder`](super::AacEncoder).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AacEncoderSettings {
    /// What to make; the gateway itself makes LC only.
    pub profile: AacProfile,
    /// Input rate in Hz, 8,000 to 48,000; the gateway itself uses 48,000 only (the delay counts in samples).
    pub sample_rate: u32,
    /// 1 or 2.
    pub channels: u8,
    /// Bits a second, 8,000 to 512,000 (constant rate with a bit reservoir).
    pub bitrate: u32,
    /// FDK's second pass over quantisation: better sound for about twice the CPU.
    pub afterburner: bool,
}

impl AacEncoderSettings {
    pub(crate) fn check(&self) -> Result<(), CodecError> {
        let range = |setting, value: u32, range| Err(CodecError::Setting { setting, value: value.into(), range });
        if !(1..=2).contains(&self.channels) {
            return range("aac.channels", self.channels.into(), "1 to 2");
        }
        if !(8_000..=48_000).contains(&self.sample_rate) {
            return range("aac.sample_rate", self.sample_rate, "8,000 to 48,000 Hz");
        }
        if !(8_000..=512_000).contains(&self.bitrate) {
            return range("aac.bitrate", self.bitrate, "8,000 to 512,000 b/s");
        }
        Ok(())
    }
}
