//! Bounded big-endian bit reader and writer with Exp-Golomb codes (ITU-T H.264 sections 7.2 and 9.1).

use crate::ConfigError;

/// Longest run of leading zeros of an Exp-Golomb code that still fits 32 bits; longer ones are garbage or an attack.
const MAX_EXP_GOLOMB_ZEROS: u32 = 31;

/// Reads bits from the most significant end; every read past the end is an error that names the structure.
#[derive(Debug, Clone)]
pub struct BitReader<'a> {
    data: &'a [u8],
    position: usize,
    what: &'static str,
}

impl<'a> BitReader<'a> {
    /// Reads `data`; `what` names the structure in errors.
    pub const fn new(data: &'a [u8], what: &'static str) -> Self {
        Self { data, position: 0, what }
    }

    /// Bits read so far.
    pub const fn position(&self) -> usize {
        self.position
    }

    /// The byte the next bit is in.
    pub const fn byte_offset(&self) -> usize {
        self.position / 8
    }

    /// Bits left.
    pub const fn remaining(&self) -> usize {
        (self.data.len() * 8).saturating_sub(self.position)
    }

    /// The next `count` bits (0..=32) as a number; [`ConfigError::Truncated`] when fewer are left.
    pub fn bits(&mut self, count: u32) -> Result<u32, ConfigError> {
        let count = count.min(32);
        if self.remaining() < count as usize {
            return Err(ConfigError::Truncated { what: self.what, offset: self.data.len() });
        }
        let mut value = 0u64;
        let mut left = count as usize;
        while left > 0 {
            let used = self.position % 8;
            let take = left.min(8 - used);
            let byte = u64::from(self.data.get(self.position / 8).copied().unwrap_or(0));
            let chunk = (byte >> (8 - used - take)) & ((1 << take) - 1);
            value = (value << take) | chunk;
            self.position += take;
            left -= take;
        }
        Ok(value as u32)
    }

    /// One bit as a flag.
    pub fn flag(&mut self) -> Result<bool, ConfigError> {
        Ok(self.bits(1)? == 1)
    }

    /// Skips `count` bits.
    pub fn skip(&mut self, count: usize) -> Result<(), ConfigError> {
        if self.remaining() < count {
            return Err(ConfigError::Truncated { what: self.what, offset: self.data.len() });
        }
        self.position += count;
        Ok(())
    }

    /// An unsigned Exp-Golomb code, `ue(v)`, 0..=2^32-2.
    pub fn ue(&mut self) -> Result<u32, ConfigError> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > MAX_EXP_GOLOMB_ZEROS {
                let (field, offset) = ("Exp-Golomb code length", self.byte_offset());
                return Err(ConfigError::OutOfRange { field, value: u64::from(zeros), offset });
            }
        }
        let suffix = u64::from(self.bits(zeros)?);
        Ok(((1u64 << zeros) - 1 + suffix) as u32)
    }

    /// An unsigned Exp-Golomb code that must not exceed `maximum`; `field` names it in the error.
    pub fn ue_at_most(&mut self, maximum: u32, field: &'static str) -> Result<u32, ConfigError> {
        let value = self.ue()?;
        if value > maximum {
            return Err(ConfigError::OutOfRange { field, value: u64::from(value), offset: self.byte_offset() });
        }
        Ok(value)
    }

    /// A signed Exp-Golomb code, `se(v)`.
    pub fn se(&mut self) -> Result<i32, ConfigError> {
        let code = i64::from(self.ue()?);
        let magnitude = (code + 1) / 2;
        Ok((if code % 2 == 0 { -magnitude } else { magnitude }) as i32)
    }
}

/// Writes bits from the most significant end into a growing buffer.
#[derive(Debug, Default, Clone)]
pub struct BitWriter {
    bytes: Vec<u8>,
    used: usize,
}

impl BitWriter {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the low `count` bits (0..=32) of `value`.
    pub fn bits(&mut self, value: u32, count: u32) {
        for shift in (0..count.min(32)).rev() {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let bit = ((value >> shift) & 1) as u8;
            if let Some(last) = self.bytes.last_mut() {
                *last |= bit << (7 - self.used % 8);
            }
            self.used += 1;
        }
    }

    /// Appends one flag.
    pub fn flag(&mut self, value: bool) {
        self.bits(u32::from(value), 1);
    }

    /// Appends `value` as an unsigned Exp-Golomb code.
    pub fn ue(&mut self, value: u32) {
        let code = u64::from(value) + 1;
        let length = 64 - code.leading_zeros();
        self.bits(0, length - 1);
        if length > 32 {
            self.bits(1, 1);
            self.bits(code as u32, 32);
        } else {
            self.bits(code as u32, length);
        }
    }

    /// Ends with `rbsp_trailing_bits` (a one, then zeros to the byte boundary) and returns the bytes.
    pub fn finish_rbsp(mut self) -> Vec<u8> {
        self.flag(true);
        self.bytes
    }

    /// The bytes, the last one padded with zero bits.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_across_bytes_and_stops_at_the_end() {
        let mut reader = BitReader::new(&[0b1010_0101, 0xff, 0x00], "test");
        assert_eq!(reader.bits(3), Ok(0b101));
        assert_eq!(reader.bits(9), Ok(0b0_0101_1111));
        assert_eq!(reader.remaining(), 12);
        assert_eq!(reader.bits(13), Err(ConfigError::Truncated { what: "test", offset: 3 }));
        assert_eq!(reader.bits(12), Ok(0b1111_0000_0000));
        assert!(reader.flag().is_err());
    }

    #[test]
    fn hostile_40_endless_and_truncated_exp_golomb_are_errors() {
        assert!(matches!(BitReader::new(&[0; 9], "t").ue(), Err(ConfigError::OutOfRange { value: 32, .. })));
        assert!(matches!(BitReader::new(&[0, 0, 1], "t").ue(), Err(ConfigError::Truncated { .. })));
    }

    proptest! {
        #[test]
        fn exp_golomb_round_trips(values in proptest::collection::vec(0u32..u32::MAX, 0..20)) {
            let mut writer = BitWriter::new();
            values.iter().for_each(|v| writer.ue(*v));
            let bytes = writer.finish_rbsp();
            let mut reader = BitReader::new(&bytes, "test");
            for value in values {
                prop_assert_eq!(reader.ue(), Ok(value));
            }
            prop_assert_eq!(reader.flag(), Ok(true));
        }

        #[test]
        fn signed_codes_follow_table_9_3(k in 0u32..1000) {
            let mut writer = BitWriter::new();
            writer.ue(k);
            let bytes = writer.finish();
            let expected = if k % 2 == 1 { k.div_ceil(2) as i32 } else { -((k / 2) as i32) };
            prop_assert_eq!(BitReader::new(&bytes, "test").se(), Ok(expected));
        }
    }
}
