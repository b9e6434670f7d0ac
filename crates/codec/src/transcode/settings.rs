//! Policy of a transcoder: what to make of which source (bit rates, channels, effort).

use crate::aac::{AacEncoderSettings, AacProfile};
use crate::opus::{OpusApplication, OpusEncoderSettings};
use crate::pcm::SAMPLE_RATE;

/// Mono at or below this rate is coded as speech: at 32 kb/s, complexity 5, PESQ 3.66 instead of 2.85 was measured.
const VOIP_UP_TO: u32 = 32_000;

/// How many channels come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChannelPolicy {
    /// As many as the source has. An Opus source that turns stereo stays stereo.
    #[default]
    Source,
    /// Always one.
    Mono,
    /// Always two.
    Stereo,
}

impl ChannelPolicy {
    /// The channel count for a source of `source` channels.
    pub fn channels(self, source: u8) -> u8 {
        match self {
            Self::Source => source.clamp(1, 2),
            Self::Mono => 1,
            Self::Stereo => 2,
        }
    }
}

/// How Opus is made. Ranges as in [`OpusEncoderSettings`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpusPolicy {
    /// Channels out.
    pub channels: ChannelPolicy,
    /// Bits a second when mono.
    pub mono_bitrate: u32,
    /// Bits a second when stereo.
    pub stereo_bitrate: u32,
    /// 0 to 10.
    pub complexity: u8,
    /// `None`: speech for mono up to 32 kb/s, else general audio. Counts when an encoder is opened.
    pub application: Option<OpusApplication>,
    /// In-band FEC; for viewers that report loss.
    pub fec: bool,
    /// Loss to protect against, 0 to 100 percent.
    pub expected_loss_percent: u8,
    /// Stop the packets in silence (then the output has gaps).
    pub dtx: bool,
}

impl Default for OpusPolicy {
    fn default() -> Self {
        Self {
            channels: ChannelPolicy::Source,
            mono_bitrate: 64_000,
            stereo_bitrate: 96_000,
            complexity: 5,
            application: None,
            fec: false,
            expected_loss_percent: 0,
            dtx: false,
        }
    }
}

impl OpusPolicy {
    /// The encoder's settings for `channels` (1 or 2).
    pub fn encoder_settings(&self, channels: u8) -> OpusEncoderSettings {
        let bitrate = if channels == 1 { self.mono_bitrate } else { self.stereo_bitrate };
        let speech = channels == 1 && bitrate <= VOIP_UP_TO;
        let by_rate = if speech { OpusApplication::Voip } else { OpusApplication::Audio };
        OpusEncoderSettings {
            channels,
            bitrate,
            complexity: self.complexity,
            application: self.application.unwrap_or(by_rate),
            fec: self.fec,
            expected_loss_percent: self.expected_loss_percent,
            dtx: self.dtx,
        }
    }
}

/// How AAC is made: always LC at 48 kHz. Ranges as in [`AacEncoderSettings`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AacPolicy {
    /// Channels out.
    pub channels: ChannelPolicy,
    /// Bits a second when mono.
    pub mono_bitrate: u32,
    /// Bits a second when stereo.
    pub stereo_bitrate: u32,
    /// FDK's second pass: better sound for about twice the CPU.
    pub afterburner: bool,
}

impl Default for AacPolicy {
    fn default() -> Self {
        Self { channels: ChannelPolicy::Source, mono_bitrate: 64_000, stereo_bitrate: 128_000, afterburner: false }
    }
}

impl AacPolicy {
    /// The encoder's settings for `channels` (1 or 2).
    pub fn encoder_settings(&self, channels: u8) -> AacEncoderSettings {
        AacEncoderSettings {
            profile: AacProfile::LowComplexity,
            sample_rate: SAMPLE_RATE,
            channels,
            bitrate: if channels == 1 { self.mono_bitrate } else { self.stereo_bitrate },
            afterburner: self.afterburner,
        }
    }
}

/// Policy of both directions; the defaults suit a live stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TranscodeSettings {
    /// For [`AacToOpus`](super::AacToOpus).
    pub opus: OpusPolicy,
    /// For [`OpusToAac`](super::OpusToAac).
    pub aac: AacPolicy,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_mode_is_for_mono_at_low_rates_only() {
        let mut policy = OpusPolicy { mono_bitrate: 32_000, stereo_bitrate: 32_000, ..OpusPolicy::default() };
        assert_eq!(policy.encoder_settings(1).application, OpusApplication::Voip);
        assert_eq!(policy.encoder_settings(2).application, OpusApplication::Audio);
        policy.mono_bitrate = 48_000;
        assert_eq!(policy.encoder_settings(1).application, OpusApplication::Audio);
        policy.application = Some(OpusApplication::Voip);
        assert_eq!(policy.encoder_settings(2).application, OpusApplication::Voip);
    }
}
