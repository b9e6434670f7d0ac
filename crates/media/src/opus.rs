//! Opus configuration and its identification header `OpusHead` (RFC 7845 section 5.1).

use crate::ConfigError;
use bytes::Bytes;

/// Magic bytes of the identification header.
const MAGIC: &[u8; 8] = b"OpusHead";
/// Bytes of a header of mapping family 0.
const HEAD_LENGTH: usize = 19;

/// The configuration of an Opus track. Its clock is always 48 kHz (RFC 7587 section 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpusConfig {
    /// Channels, 1 or 2.
    pub channels: u8,
    /// Samples at 48 kHz that a decoder throws away at the start.
    pub pre_skip: u16,
}

impl OpusConfig {
    /// The clock of Opus media times and RTP timestamps, whatever the input rate was.
    pub const CLOCK_RATE: u32 = 48_000;

    /// Parses an `OpusHead`.
    ///
    /// Errors: wrong magic or major version, truncated input, mapping families or channel counts beyond stereo.
    pub fn parse_head(head: &[u8]) -> Result<Self, ConfigError> {
        let Some(fixed) = head.first_chunk::<HEAD_LENGTH>() else {
            return Err(ConfigError::Truncated { what: "OpusHead", offset: head.len() });
        };
        let [.., version, channels, skip_low, skip_high, _, _, _, _, _, _, mapping_family] = *fixed;
        if !fixed.starts_with(MAGIC) {
            return Err(ConfigError::Missing { what: "OpusHead magic" });
        }
        if version >> 4 != 0 {
            return Err(ConfigError::Unsupported { feature: "OpusHead version", value: u64::from(version) });
        }
        if mapping_family != 0 {
            let value = u64::from(mapping_family);
            return Err(ConfigError::Unsupported { feature: "Opus mapping family", value });
        }
        if !(1..=2).contains(&channels) {
            return Err(ConfigError::OutOfRange { field: "Opus channels", value: u64::from(channels), offset: 9 });
        }
        Ok(Self { channels, pre_skip: u16::from_le_bytes([skip_low, skip_high]) })
    }

    /// The `OpusHead` of this configuration, 19 bytes, input rate 48 kHz, no gain.
    pub fn head(&self) -> Bytes {
        let mut head = Vec::with_capacity(HEAD_LENGTH);
        head.extend_from_slice(MAGIC);
        head.extend_from_slice(&[1, self.channels]);
        head.extend_from_slice(&self.pre_skip.to_le_bytes());
        head.extend_from_slice(&Self::CLOCK_RATE.to_le_bytes());
        head.extend_from_slice(&[0, 0, 0]);
        head.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_round_trips() {
        for config in [OpusConfig { channels: 1, pre_skip: 312 }, OpusConfig { channels: 2, pre_skip: 0x1234 }] {
            assert_eq!(config.head().len(), HEAD_LENGTH);
            assert_eq!(OpusConfig::parse_head(&config.head()), Ok(config));
        }
    }

    #[test]
    fn hostile_37_class_bad_heads_are_errors() {
        let good = OpusConfig { channels: 2, pre_skip: 312 }.head();
        for cut in 0..good.len() {
            assert!(OpusConfig::parse_head(&good[..cut]).is_err());
        }
        for (at, value) in [(0, b'X'), (8, 0x10), (9, 0), (9, 3), (18, 1)] {
            let mut bad = good.to_vec();
            bad[at] = value;
            assert!(OpusConfig::parse_head(&bad).is_err(), "byte {at} = {value}");
        }
    }
}
