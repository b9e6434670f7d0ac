//! `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15 section 5.3.3.1): the parameter sets of an H.264 track.

use super::{NalUnitType, SpsInfo};
use crate::ConfigError;
use bytes::Bytes;

/// Longest record that is kept; real ones are below 1 KiB, and every viewer's join carries the sets.
const MAX_RECORD_LENGTH: usize = 65_536;
/// Bytes before the SPS count.
const FIXED_LENGTH: usize = 5;

/// The configuration of an H.264 track: its record and what its first SPS says.
#[derive(Debug, Clone, PartialEq)]
pub struct H264Config {
    record: Bytes,
    nal_length_size: usize,
    sps: Vec<Bytes>,
    pps: Vec<Bytes>,
    sps_info: SpsInfo,
}

impl H264Config {
    /// Parses a record; parameter sets are slices of it, not copies.
    ///
    /// Errors: truncated input, a length size of 3, no or empty parameter sets, a first SPS that does not parse.
    pub fn parse(record: Bytes) -> Result<Self, ConfigError> {
        if record.len() > MAX_RECORD_LENGTH {
            let value = record.len() as u64;
            return Err(ConfigError::OutOfRange { field: "AVC configuration length", value, offset: 0 });
        }
        let mut cursor = Cursor { record: &record, offset: 0 };
        let version = cursor.byte()?;
        if version != 1 {
            let value = u64::from(version);
            return Err(ConfigError::OutOfRange { field: "AVC configuration version", value, offset: 1 });
        }
        cursor.offset = FIXED_LENGTH - 1;
        let nal_length_size = usize::from(cursor.byte()? & 3) + 1;
        if nal_length_size == 3 {
            return Err(ConfigError::OutOfRange { field: "NAL length size", value: 3, offset: FIXED_LENGTH });
        }
        let sps_count = cursor.byte()? & 0x1f;
        let sps = cursor.parameter_sets(sps_count, NalUnitType::Sps)?;
        let pps_count = cursor.byte()?;
        let pps = cursor.parameter_sets(pps_count, NalUnitType::Pps)?;
        // What may follow (chroma format, SPS extensions) repeats the SPS or is for decoders of auxiliary pictures.
        let first = sps.first().ok_or(ConfigError::Missing { what: "SPS" })?;
        if pps.is_empty() {
            return Err(ConfigError::Missing { what: "PPS" });
        }
        let sps_info = SpsInfo::parse(first)?;
        Ok(Self { record, nal_length_size, sps, pps, sps_info })
    }

    /// Builds a record with 4-byte NAL lengths from parameter set NAL units (header byte first, no start codes).
    ///
    /// Errors: as [`H264Config::parse`]; also more than 31 SPS, 255 PPS or 65,535 bytes in one.
    pub fn from_parameter_sets(sps: &[Bytes], pps: &[Bytes]) -> Result<Self, ConfigError> {
        let first = sps.first().ok_or(ConfigError::Missing { what: "SPS" })?;
        let info = SpsInfo::parse(first)?;
        let mut record = vec![1, info.profile_idc, info.constraint_flags, info.level_idc, 0xff];
        write_parameter_sets(&mut record, sps, 0xe0, 31)?;
        write_parameter_sets(&mut record, pps, 0, 255)?;
        if !matches!(info.profile_idc, 66 | 77 | 88) {
            record.push(0xfc | info.chroma_format_idc as u8);
            record.push(0xf8 | (info.bit_depth_luma.saturating_sub(8)) as u8);
            record.push(0xf8 | (info.bit_depth_chroma.saturating_sub(8)) as u8);
            record.push(0);
        }
        Self::parse(record.into())
    }

    /// The whole `AVCDecoderConfigurationRecord`.
    pub fn record(&self) -> &Bytes {
        &self.record
    }

    /// Bytes of each NAL unit's length field in the track's payloads: 1, 2 or 4.
    pub fn nal_length_size(&self) -> usize {
        self.nal_length_size
    }

    /// SPS NAL units, at least one, header byte first.
    pub fn sps(&self) -> &[Bytes] {
        &self.sps
    }

    /// PPS NAL units, at least one, header byte first.
    pub fn pps(&self) -> &[Bytes] {
        &self.pps
    }

    /// `profile_idc`, constraint flags and `level_idc` as `profile-level-id` in SDP has them (RFC 6184 section 8.1),
    /// from the SPS: some encoders write other values into the record.
    pub fn profile_level_id(&self) -> [u8; 3] {
        [self.sps_info.profile_idc, self.sps_info.constraint_flags, self.sps_info.level_idc]
    }

    /// What the first SPS says.
    pub fn sps_info(&self) -> &SpsInfo {
        &self.sps_info
    }

    /// Width in pixels, cropped.
    pub fn width(&self) -> u32 {
        self.sps_info.width
    }

    /// Height in pixels, cropped.
    pub fn height(&self) -> u32 {
        self.sps_info.height
    }

    /// Nominal frames a second, when the SPS says.
    pub fn frame_rate(&self) -> Option<f64> {
        self.sps_info.frame_rate()
    }
}

struct Cursor<'a> {
    record: &'a Bytes,
    offset: usize,
}

impl Cursor<'_> {
    fn truncated(&self) -> ConfigError {
        ConfigError::Truncated { what: "AVC configuration", offset: self.record.len() }
    }

    fn byte(&mut self) -> Result<u8, ConfigError> {
        let byte = *self.record.get(self.offset).ok_or_else(|| self.truncated())?;
        self.offset += 1;
        Ok(byte)
    }

    fn parameter_sets(&mut self, count: u8, expected: NalUnitType) -> Result<Vec<Bytes>, ConfigError> {
        let mut sets = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let length = usize::from(u16::from_be_bytes([self.byte()?, self.byte()?]));
            let end = self.offset + length;
            let set = self.record.get(self.offset..end).ok_or_else(|| self.truncated())?;
            let Some(header) = set.first().copied() else {
                return Err(ConfigError::Missing { what: "parameter set" });
            };
            if NalUnitType::from_header(header) != expected {
                let value = u64::from(header & 0x1f);
                return Err(ConfigError::OutOfRange { field: "parameter set type", value, offset: self.offset });
            }
            sets.push(self.record.slice(self.offset..end));
            self.offset = end;
        }
        Ok(sets)
    }
}

fn write_parameter_sets(record: &mut Vec<u8>, sets: &[Bytes], flags: u8, most: usize) -> Result<(), ConfigError> {
    if sets.len() > most {
        let value = sets.len() as u64;
        return Err(ConfigError::OutOfRange { field: "parameter set count", value, offset: record.len() });
    }
    record.push(flags | sets.len() as u8);
    for set in sets {
        let Ok(length) = u16::try_from(set.len()) else {
            let value = set.len() as u64;
            return Err(ConfigError::OutOfRange { field: "parameter set length", value, offset: record.len() });
        };
        record.extend_from_slice(&length.to_be_bytes());
        record.extend_from_slice(set);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPS: &[u8] = &[
        0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00, 0x0f, 0xa4, 0x00,
        0x03, 0xa9, 0x80, 0x3c, 0x60, 0xc6, 0x58,
    ];
    const PPS: &[u8] = &[0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0];

    fn built() -> H264Config {
        H264Config::from_parameter_sets(&[Bytes::from_static(SPS)], &[Bytes::from_static(PPS)]).unwrap()
    }

    #[test]
    fn builds_and_parses() {
        let config = built();
        assert_eq!(H264Config::parse(config.record().clone()).unwrap(), config);
        assert_eq!(config.profile_level_id(), [0x64, 0, 0x28]);
        assert_eq!((config.width(), config.height(), config.nal_length_size()), (1920, 1080, 4));
        assert_eq!((&config.sps()[0][..], &config.pps()[0][..]), (SPS, PPS));
        // High profile carries the chroma format and bit depths behind the sets.
        assert_eq!(config.record()[config.record().len() - 4..], [0xfd, 0xf8, 0xf8, 0]);
    }

    #[test]
    fn hostile_37_truncated_at_every_byte() {
        let record = built().record().clone();
        for cut in 0..record.len() - 4 {
            assert!(H264Config::parse(record.slice(..cut)).is_err(), "cut at {cut}");
        }
        // Without the optional tail it is whole.
        assert!(H264Config::parse(record.slice(..record.len() - 4)).is_ok());
    }

    #[test]
    fn hostile_37_bad_counts_sizes_and_empty_sets() {
        let record = built().record().to_vec();
        let with = |at: usize, value: u8| {
            let mut changed = record.clone();
            changed[at] = value;
            H264Config::parse(changed.into())
        };
        assert!(with(0, 0).is_err(), "version");
        assert!(matches!(with(4, 0xfe), Err(ConfigError::OutOfRange { field: "NAL length size", .. })));
        assert!(with(5, 0xff).is_err(), "31 SPS announced");
        assert!(with(5, 0xe0).is_err(), "no SPS");
        assert!(with(6, 0xff).is_err(), "SPS size past the end");
        assert!(with(8, 0x68).is_err(), "a PPS where the SPS belongs");

        let empty_sps = [1, 100, 0, 40, 0xff, 0xe1, 0, 0, 1, 0, 1, 0x68];
        assert_eq!(
            H264Config::parse(Bytes::copy_from_slice(&empty_sps)),
            Err(ConfigError::Missing { what: "parameter set" })
        );
        let no_pps = H264Config::from_parameter_sets(&[Bytes::from_static(SPS)], &[]);
        assert_eq!(no_pps, Err(ConfigError::Missing { what: "PPS" }));
        let empty_pps = H264Config::from_parameter_sets(&[Bytes::from_static(SPS)], &[Bytes::new()]);
        assert!(empty_pps.is_err());
        assert!(H264Config::parse(vec![1; MAX_RECORD_LENGTH + 1].into()).is_err());
    }

    #[test]
    fn hostile_37_short_length_sizes_are_read() {
        let mut record = built().record().to_vec();
        record[4] = 0xfc;
        assert_eq!(H264Config::parse(record.clone().into()).unwrap().nal_length_size(), 1);
        record[4] = 0xfd;
        assert_eq!(H264Config::parse(record.into()).unwrap().nal_length_size(), 2);
    }

    #[test]
    fn hostile_43_a_new_sps_compares_unequal() {
        let first = built();
        let mut sps = SPS.to_vec();
        sps[3] = 41; // another level
        let second = H264Config::from_parameter_sets(&[sps.into()], &[Bytes::from_static(PPS)]).unwrap();
        assert_ne!(first, second);
    }
}
