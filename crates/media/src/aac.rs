//! `AudioSpecificConfig` (ISO/IEC 14496-3 section 1.6.2.1) with both ways to signal SBR and PS.

use crate::{BitReader, BitWriter, ConfigError};
use bytes::Bytes;

/// Sampling frequencies by index (table 1.18).
const SAMPLE_RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];
/// Index that says an explicit 24-bit frequency follows.
const ESCAPE_INDEX: u32 = 15;
/// Explicit frequencies outside this range are garbage: no encoder makes them, and resamplers allocate by them.
const SAMPLE_RATE_RANGE: std::ops::RangeInclusive<u32> = 1_000..=192_000;
/// Channels by configuration 0..=7 (table 1.19); 0 is a program config element.
const CHANNELS: [u8; 8] = [0, 1, 2, 3, 4, 5, 6, 8];
/// Longest configuration that is kept; real ones are 2 to 7 bytes.
const MAX_RECORD_LENGTH: usize = 1_024;
/// Highest core rate at which encoders use SBR without saying so (ISO/IEC 14496-3 section 1.6.5).
const MAX_IMPLICIT_SBR_CORE_RATE: u32 = 24_000;

const OBJECT_LC: u32 = 2;
const OBJECT_SBR: u32 = 5;
const OBJECT_PS: u32 = 29;
/// Marks backward-compatible SBR and, behind it, PS signalling at the end of the configuration.
const SYNC_SBR: u32 = 0x2b7;
const SYNC_PS: u32 = 0x548;

/// The configuration of an AAC track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AacConfig {
    record: Bytes,
    core_object_type: u8,
    core_sample_rate: u32,
    sample_rate: u32,
    channel_configuration: u8,
    frame_length: u32,
    sbr: bool,
    ps: bool,
}

impl AacConfig {
    /// Parses an `AudioSpecificConfig`.
    ///
    /// Errors: truncated input, reserved sampling indexes, object types other than the AAC ones that share
    /// `GASpecificConfig` (1 to 4), a program config element (channel configuration 0) or configurations above 7.
    pub fn parse(record: Bytes) -> Result<Self, ConfigError> {
        if record.len() > MAX_RECORD_LENGTH {
            let value = record.len() as u64;
            return Err(ConfigError::OutOfRange { field: "AudioSpecificConfig length", value, offset: 0 });
        }
        let mut reader = BitReader::new(&record, "AudioSpecificConfig");
        let mut object_type = parse_object_type(&mut reader)?;
        let core_sample_rate = parse_sample_rate(&mut reader)?;
        let channel_configuration = reader.bits(4)?;
        let (mut sbr, mut ps, mut sample_rate) = (false, false, core_sample_rate);
        let explicit = matches!(object_type, OBJECT_SBR | OBJECT_PS);
        if explicit {
            (sbr, ps) = (true, object_type == OBJECT_PS);
            sample_rate = parse_sample_rate(&mut reader)?;
            object_type = parse_object_type(&mut reader)?;
        }
        if !(1..=4).contains(&object_type) {
            return Err(ConfigError::Unsupported { feature: "audio object type", value: u64::from(object_type) });
        }
        if !(1..=7).contains(&channel_configuration) {
            let value = u64::from(channel_configuration);
            return Err(ConfigError::Unsupported { feature: "AAC channel configuration", value });
        }
        let frame_length = if reader.flag()? { 960 } else { 1_024 };
        if reader.flag()? {
            reader.skip(14)?; // coreCoderDelay
        }
        reader.skip(1)?; // extensionFlag: set only for error-resilient object types
        if !explicit && let Ok(Some(extension)) = parse_sync_extension(&mut reader) {
            (sbr, ps, sample_rate) = (true, extension.ps, extension.sample_rate);
        }
        Ok(Self {
            record,
            core_object_type: object_type as u8,
            core_sample_rate,
            sample_rate,
            channel_configuration: channel_configuration as u8,
            frame_length,
            sbr,
            ps,
        })
    }

    /// An AAC-LC configuration; a rate outside the table is written as an escape.
    ///
    /// Errors: a rate outside 1,000..=192,000 Hz, channels other than 1 to 6 and 8.
    pub fn lc(sample_rate: u32, channels: u8) -> Result<Self, ConfigError> {
        if !SAMPLE_RATE_RANGE.contains(&sample_rate) {
            let value = u64::from(sample_rate);
            return Err(ConfigError::OutOfRange { field: "sampling frequency", value, offset: 0 });
        }
        let configuration = CHANNELS.iter().skip(1).position(|count| *count == channels);
        let Some(configuration) = configuration else {
            return Err(ConfigError::Unsupported { feature: "AAC channels", value: u64::from(channels) });
        };
        let mut writer = BitWriter::new();
        writer.bits(OBJECT_LC, 5);
        match SAMPLE_RATES.iter().position(|rate| *rate == sample_rate) {
            Some(index) => writer.bits(index as u32, 4),
            None => {
                writer.bits(ESCAPE_INDEX, 4);
                writer.bits(sample_rate, 24);
            }
        }
        writer.bits(configuration as u32 + 1, 4);
        writer.bits(0, 3); // GASpecificConfig: 1,024 samples, no core coder, no extension
        Self::parse(writer.finish().into())
    }

    /// The whole `AudioSpecificConfig`.
    pub fn record(&self) -> &Bytes {
        &self.record
    }

    /// The audio object type as signalled: 2 AAC-LC, 5 HE-AAC (SBR), 29 HE-AAC v2 (SBR and PS); 1, 3, 4 other AAC.
    pub fn object_type(&self) -> u8 {
        match (self.sbr, self.ps) {
            (_, true) => OBJECT_PS as u8,
            (true, false) => OBJECT_SBR as u8,
            _ => self.core_object_type,
        }
    }

    /// The object type of the core coder below SBR and PS: 2 for AAC-LC.
    pub fn core_object_type(&self) -> u8 {
        self.core_object_type
    }

    /// Output samples a second (with SBR usually twice the core's).
    pub fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// Samples a second of the core coder.
    pub fn core_sample_rate(&self) -> u32 {
        self.core_sample_rate
    }

    /// Output channels, 1 to 6 or 8; parametric stereo makes two of one.
    pub fn channels(&self) -> u8 {
        let channels = CHANNELS.get(usize::from(self.channel_configuration)).copied().unwrap_or(0);
        if self.ps && channels == 1 { 2 } else { channels }
    }

    /// `channelConfiguration`, 1..=7.
    pub fn channel_configuration(&self) -> u8 {
        self.channel_configuration
    }

    /// Whether spectral band replication is signalled.
    pub fn sbr(&self) -> bool {
        self.sbr
    }

    /// Whether parametric stereo is signalled.
    pub fn ps(&self) -> bool {
        self.ps
    }

    /// Whether SBR may be there without being signalled: then only the decoder finds out, and the output rate doubles.
    pub fn may_hide_sbr(&self) -> bool {
        !self.sbr
            && u32::from(self.core_object_type) == OBJECT_LC
            && self.core_sample_rate <= MAX_IMPLICIT_SBR_CORE_RATE
    }

    /// Core samples in a frame: 1,024 or 960.
    pub fn frame_length(&self) -> u32 {
        self.frame_length
    }

    /// Output samples in a frame, per channel, at [`Self::sample_rate`].
    pub fn samples_per_frame(&self) -> u32 {
        let scaled =
            u64::from(self.frame_length) * u64::from(self.sample_rate) / u64::from(self.core_sample_rate.max(1));
        scaled as u32
    }
}

struct SyncExtension {
    sample_rate: u32,
    ps: bool,
}

/// Looks for backward-compatible signalling; `None` when there is none, an error when it is cut short (then ignored).
fn parse_sync_extension(reader: &mut BitReader<'_>) -> Result<Option<SyncExtension>, ConfigError> {
    if reader.remaining() < 16 || reader.bits(11)? != SYNC_SBR || parse_object_type(reader)? != OBJECT_SBR {
        return Ok(None);
    }
    if !reader.flag()? {
        return Ok(None);
    }
    let sample_rate = parse_sample_rate(reader)?;
    let ps = reader.remaining() >= 12 && reader.bits(11)? == SYNC_PS && reader.flag()?;
    Ok(Some(SyncExtension { sample_rate, ps }))
}

fn parse_object_type(reader: &mut BitReader<'_>) -> Result<u32, ConfigError> {
    match reader.bits(5)? {
        31 => Ok(32 + reader.bits(6)?),
        object_type => Ok(object_type),
    }
}

fn parse_sample_rate(reader: &mut BitReader<'_>) -> Result<u32, ConfigError> {
    let index = reader.bits(4)?;
    if index == ESCAPE_INDEX {
        let rate = reader.bits(24)?;
        if !SAMPLE_RATE_RANGE.contains(&rate) {
            let (value, offset) = (u64::from(rate), reader.byte_offset());
            return Err(ConfigError::OutOfRange { field: "sampling frequency", value, offset });
        }
        return Ok(rate);
    }
    SAMPLE_RATES.get(index as usize).copied().ok_or(ConfigError::OutOfRange {
        field: "sampling frequency index",
        value: u64::from(index),
        offset: reader.byte_offset(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<AacConfig, ConfigError> {
        AacConfig::parse(Bytes::copy_from_slice(bytes))
    }

    #[test]
    fn lc_from_encoders() {
        let config = parse(&[0x12, 0x10]).unwrap();
        assert_eq!((config.object_type(), config.sample_rate(), config.channels()), (2, 44_100, 2));
        assert_eq!((config.sbr(), config.frame_length(), config.samples_per_frame()), (false, 1_024, 1_024));
        // FFmpeg's encoder appends a sync extension that says "no SBR".
        let config = parse(&[0x11, 0x90, 0x56, 0xe5, 0x00]).unwrap();
        assert_eq!((config.sbr(), config.sample_rate()), (false, 48_000));
    }

    #[test]
    fn explicit_sbr_and_ps() {
        // AOT 5, 24 kHz core, 2 channels, 48 kHz output, AOT 2.
        let mut w = BitWriter::new();
        for (value, bits) in [(5, 5), (6, 4), (2, 4), (3, 4), (2, 5), (0, 3)] {
            w.bits(value, bits);
        }
        let config = AacConfig::parse(w.finish().into()).unwrap();
        assert_eq!((config.object_type(), config.sample_rate(), config.core_sample_rate()), (5, 48_000, 24_000));
        assert_eq!(config.samples_per_frame(), 2_048);

        let mut w = BitWriter::new();
        for (value, bits) in [(29, 5), (7, 4), (1, 4), (4, 4), (2, 5), (0, 3)] {
            w.bits(value, bits);
        }
        let config = AacConfig::parse(w.finish().into()).unwrap();
        assert_eq!((config.object_type(), config.channels(), config.sample_rate()), (29, 2, 44_100));
    }

    #[test]
    fn backward_compatible_sbr_and_ps() {
        let mut w = BitWriter::new();
        for (value, bits) in
            [(2, 5), (6, 4), (1, 4), (0, 3), (SYNC_SBR, 11), (5, 5), (1, 1), (3, 4), (SYNC_PS, 11), (1, 1)]
        {
            w.bits(value, bits);
        }
        let config = AacConfig::parse(w.finish().into()).unwrap();
        assert_eq!((config.object_type(), config.core_object_type()), (29, 2));
        assert_eq!((config.sample_rate(), config.core_sample_rate(), config.channels()), (48_000, 24_000, 2));
        assert!(parse(&[0x13, 0x10, 0, 0, 0, 0, 0]).unwrap().may_hide_sbr(), "24 kHz with zero padding");
    }

    #[test]
    fn escape_rates_and_built_ones_round_trip() {
        for (rate, channels) in [(48_000, 1), (44_100, 2), (16_000, 1), (50_000, 2), (48_000, 8), (48_000, 6)] {
            let config = AacConfig::lc(rate, channels).unwrap();
            assert_eq!((config.sample_rate(), config.channels(), config.object_type()), (rate, channels, 2));
            assert_eq!(AacConfig::parse(config.record().clone()).unwrap(), config);
        }
        assert!(AacConfig::lc(48_000, 7).is_err());
        assert!(AacConfig::lc(0, 2).is_err());
    }

    #[test]
    fn hostile_37_class_bad_configurations_are_errors() {
        assert_eq!(parse(&[]), Err(ConfigError::Truncated { what: "AudioSpecificConfig", offset: 0 }));
        assert!(parse(&[0x12]).is_err());
        // Sampling index 13 is reserved; an escape of 0 Hz would divide by zero somewhere.
        assert!(matches!(parse(&[0x16, 0x90]), Err(ConfigError::OutOfRange { value: 13, .. })));
        assert!(matches!(parse(&[0x17, 0x80, 0, 0, 0x10, 0]), Err(ConfigError::OutOfRange { value: 0, .. })));
        // A program config element.
        let pce = parse(&[0x11, 0x80, 0, 0, 0]);
        assert_eq!(pce, Err(ConfigError::Unsupported { feature: "AAC channel configuration", value: 0 }));
        // AAC-ELD (39).
        assert!(matches!(parse(&[0xf8, 0xe6, 0x20, 0, 0]), Err(ConfigError::Unsupported { value: 39, .. })));
        assert!(parse(&[0x12; 2_000]).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_give_sane_values(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..20)) {
            if let Ok(config) = parse(&bytes) {
                proptest::prop_assert!(config.channels() > 0 && SAMPLE_RATE_RANGE.contains(&config.sample_rate()));
                proptest::prop_assert!(config.samples_per_frame() > 0 || config.sample_rate() < config.core_sample_rate());
            }
        }
    }
}
