//! Length-prefixed NAL units, the AVCC form (ISO/IEC 14496-15 section 5.3.4.2).

use super::NalUnitType;
use crate::NalError;

/// One NAL unit of an access unit, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NalUnit<'a> {
    /// Where its bytes start in the payload (behind the length field).
    pub offset: usize,
    /// Its bytes, header first; never empty.
    pub bytes: &'a [u8],
}

impl NalUnit<'_> {
    /// The header byte.
    pub fn header(&self) -> u8 {
        self.bytes.first().copied().unwrap_or(0)
    }

    /// What it holds.
    pub fn unit_type(&self) -> NalUnitType {
        NalUnitType::from_header(self.header())
    }

    /// `nal_ref_idc`, 0..=3: 0 means no other picture refers to it.
    pub fn ref_idc(&self) -> u8 {
        (self.header() >> 5) & 3
    }
}

/// Iterates the NAL units of an AVCC payload; ends after the first error.
#[derive(Debug, Clone)]
pub struct AvccNalUnits<'a> {
    payload: &'a [u8],
    offset: usize,
    length_size: usize,
}

/// The NAL units of `payload`, each behind a big-endian length of `length_size` bytes (1, 2 or 4; others are clamped).
pub fn nal_units(payload: &[u8], length_size: usize) -> AvccNalUnits<'_> {
    AvccNalUnits { payload, offset: 0, length_size: length_size.clamp(1, 4) }
}

impl<'a> Iterator for AvccNalUnits<'a> {
    type Item = Result<NalUnit<'a>, NalError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.payload.get(self.offset..).filter(|rest| !rest.is_empty())?;
        let field_offset = self.offset;
        // Whatever happens below, an error ends the iteration: lengths after a bad one mean nothing.
        self.offset = self.payload.len();
        let Some((field, rest)) = rest.split_at_checked(self.length_size) else {
            return Some(Err(NalError::PastEnd { offset: field_offset, length: 0, available: 0 }));
        };
        let length = field.iter().fold(0u64, |length, byte| length << 8 | u64::from(*byte));
        if length == 0 {
            return Some(Err(NalError::Empty { offset: field_offset }));
        }
        let Some(bytes) = usize::try_from(length).ok().and_then(|length| rest.get(..length)) else {
            return Some(Err(NalError::PastEnd { offset: field_offset, length, available: rest.len() }));
        };
        let offset = field_offset + self.length_size;
        self.offset = offset + bytes.len();
        Some(Ok(NalUnit { offset, bytes }))
    }
}

/// Appends `nal` behind a 4-byte length.
pub fn write_nal_unit(out: &mut Vec<u8>, nal: &[u8]) {
    out.extend_from_slice(&u32::try_from(nal.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(nal);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iterates_with_each_length_size() {
        for size in [1usize, 2, 4] {
            let mut payload = Vec::new();
            for nal in [&[0x09u8, 0xf0][..], &[0x65, 1, 2, 3]] {
                payload.extend_from_slice(&(nal.len() as u32).to_be_bytes()[4 - size..]);
                payload.extend_from_slice(nal);
            }
            let units: Vec<_> = nal_units(&payload, size).map(|unit| unit.unwrap()).collect();
            assert_eq!(units.len(), 2);
            assert_eq!(units[1].unit_type(), NalUnitType::IdrSlice);
            assert_eq!(units[1].ref_idc(), 3);
            assert_eq!(&payload[units[1].offset..], units[1].bytes);
        }
    }

    #[test]
    fn hostile_41_bad_lengths_are_errors_with_their_offset() {
        let past = [0, 0, 0, 1, 0x65, 0, 0, 0, 9, 0x41];
        let mut units = nal_units(&past, 4);
        assert!(units.next().unwrap().is_ok());
        assert_eq!(units.next(), Some(Err(NalError::PastEnd { offset: 5, length: 9, available: 1 })));
        assert_eq!(units.next(), None);

        assert_eq!(nal_units(&[0, 0, 0, 0, 1], 4).next(), Some(Err(NalError::Empty { offset: 0 })));
        let huge = nal_units(&[255, 255, 255, 255, 1], 4).next();
        assert_eq!(huge, Some(Err(NalError::PastEnd { offset: 0, length: 0xffff_ffff, available: 1 })));
        for cut in 1..4 {
            assert!(nal_units(&[0, 0, 0, 1][..cut], 4).next().unwrap().is_err());
        }
        assert_eq!(nal_units(&[], 4).next(), None);
    }
}
