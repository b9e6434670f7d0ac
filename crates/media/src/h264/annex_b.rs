//! Byte stream format with start codes (ITU-T H.264 annex B), to and from the AVCC form.

use super::{nal_units, write_nal_unit};
use crate::NalError;

/// Iterates the NAL units of a byte stream, without start codes and the zero bytes around them; empty ones are left out.
#[derive(Debug, Clone)]
pub struct AnnexBNalUnits<'a> {
    rest: &'a [u8],
}

impl<'a> AnnexBNalUnits<'a> {
    /// Reads `stream`; bytes before the first start code are skipped.
    pub fn new(stream: &'a [u8]) -> Self {
        let start = start_code(stream).map_or(stream.len(), |at| at + 3);
        Self { rest: stream.get(start..).unwrap_or_default() }
    }
}

impl<'a> Iterator for AnnexBNalUnits<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let end = start_code(self.rest).unwrap_or(self.rest.len());
            let (nal, rest) = self.rest.split_at_checked(end)?;
            self.rest = rest.get(3..).unwrap_or_default();
            let length = nal.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            if let Some(nal) = nal.get(..length).filter(|nal| !nal.is_empty()) {
                return Some(nal);
            }
        }
        None
    }
}

fn start_code(bytes: &[u8]) -> Option<usize> {
    bytes.windows(3).position(|window| window == [0, 0, 1])
}

/// The byte stream as an AVCC payload with 4-byte lengths.
pub fn annex_b_to_avcc(stream: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(stream.len() + 8);
    for nal in AnnexBNalUnits::new(stream) {
        write_nal_unit(&mut out, nal);
    }
    out
}

/// The AVCC payload as a byte stream with 4-byte start codes; [`NalError`] where a length is bad.
pub fn avcc_to_annex_b(payload: &[u8], length_size: usize) -> Result<Vec<u8>, NalError> {
    let mut out = Vec::with_capacity(payload.len() + 8);
    for nal in nal_units(payload, length_size) {
        out.extend_from_slice(&[0, 0, 0, 1]);
        out.extend_from_slice(nal?.bytes);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn three_and_four_byte_start_codes_and_padding() {
        let stream = [9, 0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2, 0, 0, 0, 0, 1, 0, 0, 1, 0x65];
        let units: Vec<_> = AnnexBNalUnits::new(&stream).collect();
        assert_eq!(units, [&[0x67, 1][..], &[0x68, 2], &[0x65]]);
        assert_eq!(AnnexBNalUnits::new(&[1, 2, 3]).count(), 0);
    }

    proptest! {
        #[test]
        fn avcc_to_annex_b_and_back(nals in proptest::collection::vec(proptest::collection::vec(4u8.., 1..50), 0..5)) {
            let mut avcc = Vec::new();
            nals.iter().for_each(|nal| write_nal_unit(&mut avcc, nal));
            prop_assert_eq!(annex_b_to_avcc(&avcc_to_annex_b(&avcc, 4).unwrap()), avcc);
        }

        #[test]
        fn any_bytes_terminate(stream in proptest::collection::vec(0u8..3, 0..100)) {
            prop_assert!(AnnexBNalUnits::new(&stream).all(|nal| !nal.is_empty()));
        }
    }
}
