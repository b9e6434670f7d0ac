//! PCM between the codecs: interleaved `f32` in -1..1, its shape, and helpers; no spec, our own glue.

mod channels;
mod declick;
mod fifo;

pub use channels::convert_channels;
pub use declick::Declicker;
pub use fifo::SampleFifo;

/// The rate on which everything between AAC and Opus meets, in Hz (RFC 7587 section 4.1: Opus's RTP clock).
pub const SAMPLE_RATE: u32 = 48_000;

/// The shape of a block of interleaved PCM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PcmSpec {
    /// Samples a second of each channel, in Hz.
    pub sample_rate: u32,
    /// Channels, 1 or 2.
    pub channels: u8,
    /// Samples of each channel.
    pub frames: usize,
}

/// `sample` as 16-bit PCM; clipped at full scale, not a number becomes 0.
#[cfg(feature = "fdk")]
pub(crate) fn to_i16(sample: f32) -> i16 {
    (sample * 32_768.0).round() as i16
}

/// 16-bit PCM as `f32` in -1..1.
#[cfg(feature = "fdk")]
pub(crate) fn from_i16(sample: i16) -> f32 {
    f32::from(sample) / 32_768.0
}

#[cfg(all(test, feature = "fdk"))]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bit_conversion_is_exact_and_clips() {
        for value in [i16::MIN, -1, 0, 1, i16::MAX] {
            assert_eq!(to_i16(from_i16(value)), value);
        }
        assert_eq!(to_i16(1.5), i16::MAX);
        assert_eq!(to_i16(-7.0), i16::MIN);
        assert_eq!(to_i16(f32::NAN), 0);
    }
}
