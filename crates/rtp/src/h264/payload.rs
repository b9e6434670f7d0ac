//! What one RTP payload of H.264 is: Single NAL, STAP-A or FU-A (RFC 6184 section 5).

use super::nal;
use rtmp_gateway_media::h264::AnnexBNalUnits;
use thiserror::Error;

/// Why a payload is none of RFC 6184's non-interleaved mode. Such a packet counts as arrived and its frame as damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PayloadError {
    /// forbidden_zero_bit is set: somebody on the way declared the bytes damaged.
    #[error("forbidden_zero_bit is set in NAL header {0:#04x}")]
    Forbidden(u8),
    /// A packet type that is reserved, or belongs to the interleaved mode.
    #[error("packet type {0} is not of the non-interleaved mode")]
    Type(u8),
    /// A NAL unit inside a STAP-A is empty.
    #[error("empty NAL unit at byte {offset} of a STAP-A")]
    EmptyNal {
        /// Where its length field starts.
        offset: usize,
    },
    /// A STAP-A ends inside a length field or a NAL unit.
    #[error("STAP-A of {length} bytes ends inside the NAL unit at byte {offset}")]
    Truncated {
        /// Where the length field starts.
        offset: usize,
        /// Bytes in the payload.
        length: usize,
    },
    /// A STAP-A without any NAL unit.
    #[error("STAP-A without a NAL unit")]
    EmptyAggregate,
    /// An FU-A without its second byte.
    #[error("FU-A of 1 byte has no FU header")]
    NoFragmentHeader,
    /// An FU-A that is both first and last: such a NAL unit must not be fragmented (section 5.8).
    #[error("FU-A is both start and end")]
    StartAndEnd,
}

/// One parsed payload, borrowed.
#[derive(Debug, Clone)]
pub enum Payload<'a> {
    /// No bytes: a packet that only probes the bandwidth.
    Empty,
    /// One NAL unit, header first.
    Single(&'a [u8]),
    /// Several NAL units behind start codes where one without was due. Cameras that pass their encoder's byte stream on
    /// send this.
    ByteStream(AnnexBNalUnits<'a>),
    /// Several NAL units; checked, the iteration cannot fail.
    Aggregate(AggregatedNalUnits<'a>),
    /// A piece of a NAL unit.
    Fragment {
        /// The header of the NAL unit it belongs to.
        header: u8,
        /// Whether it is the first piece.
        start: bool,
        /// Whether it is the last piece.
        end: bool,
        /// Its share of the bytes behind the header, maybe none.
        body: &'a [u8],
    },
}

impl<'a> Payload<'a> {
    /// Reads a payload.
    ///
    /// # Errors
    /// The bytes are not of the non-interleaved mode; the error says what is wrong and where.
    pub fn parse(payload: &'a [u8]) -> Result<Self, PayloadError> {
        let Some((&header, body)) = payload.split_first() else {
            return Ok(Self::Empty);
        };
        if header & 0x80 != 0 {
            return Err(PayloadError::Forbidden(header));
        }
        match header & nal::TYPE_MASK {
            1..=23 => Ok(Self::Single(payload)),
            nal::STAP_A => AggregatedNalUnits::parse(payload).map(Self::Aggregate),
            nal::FU_A => {
                let (&fragment, body) = body.split_first().ok_or(PayloadError::NoFragmentHeader)?;
                let (start, end) = (fragment & nal::FU_START != 0, fragment & nal::FU_END != 0);
                match fragment & nal::TYPE_MASK {
                    _ if start && end => Err(PayloadError::StartAndEnd),
                    kind @ 1..=23 => Ok(Self::Fragment { header: header & nal::NRI_MASK | kind, start, end, body }),
                    kind => Err(PayloadError::Type(kind)),
                }
            }
            0 if matches!(payload, [0, 0, 1, ..] | [0, 0, 0, 1, ..]) => {
                Ok(Self::ByteStream(AnnexBNalUnits::new(payload)))
            }
            kind => Err(PayloadError::Type(kind)),
        }
    }
}

/// Iterator over the NAL units of a STAP-A.
#[derive(Debug, Clone)]
pub struct AggregatedNalUnits<'a> {
    rest: &'a [u8],
}

impl<'a> AggregatedNalUnits<'a> {
    fn parse(payload: &'a [u8]) -> Result<Self, PayloadError> {
        let mut offset = 1;
        while let Some(rest) = payload.get(offset..).filter(|rest| !rest.is_empty()) {
            let truncated = PayloadError::Truncated { offset, length: payload.len() };
            let (length, rest) = rest.split_first_chunk::<2>().ok_or(truncated)?;
            let length = usize::from(u16::from_be_bytes(*length));
            if length == 0 {
                // Zeros up to the end are padding that some cameras add behind the last NAL unit.
                if offset > 1 && rest.iter().all(|byte| *byte == 0) {
                    break;
                }
                return Err(PayloadError::EmptyNal { offset });
            }
            let nal = rest.get(..length).ok_or(truncated)?;
            match nal.first().copied().unwrap_or(0) {
                header if header & 0x80 != 0 => return Err(PayloadError::Forbidden(header)),
                header if !(1..=23).contains(&(header & nal::TYPE_MASK)) => {
                    return Err(PayloadError::Type(header & nal::TYPE_MASK));
                }
                _ => offset += 2 + length,
            }
        }
        match payload.get(1..offset) {
            Some(rest) if !rest.is_empty() => Ok(Self { rest }),
            _ => Err(PayloadError::EmptyAggregate),
        }
    }
}

impl<'a> Iterator for AggregatedNalUnits<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.rest.split_first_chunk::<2>()?;
        let (nal, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        self.rest = rest;
        Some(nal)
    }
}

#[cfg(test)]
mod tests {
    use super::super::hints::Hints;
    use super::*;
    use proptest::prelude::*;

    fn error(payload: &[u8]) -> PayloadError {
        Payload::parse(payload).unwrap_err()
    }

    #[test]
    fn hostile_68_stap_a_beyond_the_packet_or_of_nothing_is_an_error() {
        assert_eq!(error(&[0x18, 0, 5, 0x67, 1]), PayloadError::Truncated { offset: 1, length: 5 });
        assert_eq!(error(&[0x18, 0, 1, 0x67, 0xff, 0xff, 1]), PayloadError::Truncated { offset: 4, length: 7 });
        assert_eq!(error(&[0x18, 0]), PayloadError::Truncated { offset: 1, length: 2 });
        assert_eq!(error(&[0x18, 0, 0]), PayloadError::EmptyNal { offset: 1 });
        assert_eq!(error(&[0x18, 0, 1, 0x67, 0, 0, 0, 1, 0x68]), PayloadError::EmptyNal { offset: 4 });
        assert_eq!(error(&[0x18]), PayloadError::EmptyAggregate);
        assert_eq!(error(&[0x18, 0, 2, 0x78, 0]), PayloadError::Type(24));
        assert_eq!(error(&[0x18, 0, 2, 0xe7, 0]), PayloadError::Forbidden(0xe7));
    }

    #[test]
    fn hostile_68_fu_a_with_both_bits_or_cut_is_an_error() {
        assert_eq!(error(&[0x7c, 0xc5, 1, 2]), PayloadError::StartAndEnd);
        assert_eq!(error(&[0x7c]), PayloadError::NoFragmentHeader);
        assert_eq!(error(&[0x7c, 0x9c, 1]), PayloadError::Type(28));
        assert_eq!(error(&[0x7c, 0x80, 1]), PayloadError::Type(0));
    }

    #[test]
    fn types_of_the_interleaved_mode_and_reserved_types_are_errors() {
        for kind in [0, 25, 26, 27, 29, 30, 31] {
            assert_eq!(error(&[kind, 1, 2, 3]), PayloadError::Type(kind));
        }
        assert_eq!(error(&[0xe5, 1]), PayloadError::Forbidden(0xe5));
    }

    #[test]
    fn zeros_behind_the_last_nal_of_a_stap_a_are_padding() {
        let Ok(Payload::Aggregate(nals)) = Payload::parse(&[0x78, 0, 2, 0x67, 1, 0, 1, 0x68, 0, 0, 0, 0]) else {
            panic!("not an aggregate")
        };
        assert_eq!(nals.collect::<Vec<_>>(), [&[0x67, 1][..], &[0x68]]);
    }

    #[test]
    fn a_byte_stream_in_place_of_a_nal_unit_is_split() {
        for stream in [&[0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2][..], &[0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 2]] {
            let Ok(Payload::ByteStream(nals)) = Payload::parse(stream) else { panic!("not a byte stream") };
            assert_eq!(nals.collect::<Vec<_>>(), [&[0x67, 1][..], &[0x68, 2]]);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_payload_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..40), first in 0..32_u8) {
            let mut bytes = bytes;
            bytes.insert(0, first);
            if let Ok(Payload::Aggregate(nals)) = Payload::parse(&bytes) {
                prop_assert!(nals.clone().count() > 0 && nals.clone().all(|nal| !nal.is_empty()));
            }
            prop_assert_eq!(Hints::of(&bytes).broken, Payload::parse(&bytes).is_err());
        }
    }
}
