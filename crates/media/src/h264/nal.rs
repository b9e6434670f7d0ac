//! NAL unit header and emulation prevention (ITU-T H.264 sections 7.3.1 and 7.4.1).

/// What a NAL unit holds (`nal_unit_type`, ITU-T H.264 table 7-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NalUnitType {
    /// 1: slice of a picture that is not an IDR.
    NonIdrSlice,
    /// 2, 3, 4: slice data partition A, B or C (extended profile).
    DataPartition(u8),
    /// 5: slice of an IDR picture.
    IdrSlice,
    /// 6: supplemental enhancement information.
    Sei,
    /// 7: sequence parameter set.
    Sps,
    /// 8: picture parameter set.
    Pps,
    /// 9: access unit delimiter.
    AccessUnitDelimiter,
    /// 10: end of sequence.
    EndOfSequence,
    /// 11: end of stream.
    EndOfStream,
    /// 12: filler data.
    FillerData,
    /// 13: sequence parameter set extension.
    SpsExtension,
    /// Anything else, 0..=31; 24 and up are RTP's (RFC 6184).
    Other(u8),
}

impl NalUnitType {
    /// The type in a NAL unit's first byte.
    pub const fn from_header(header: u8) -> Self {
        match header & 0x1f {
            1 => Self::NonIdrSlice,
            2 => Self::DataPartition(2),
            3 => Self::DataPartition(3),
            4 => Self::DataPartition(4),
            5 => Self::IdrSlice,
            6 => Self::Sei,
            7 => Self::Sps,
            8 => Self::Pps,
            9 => Self::AccessUnitDelimiter,
            10 => Self::EndOfSequence,
            11 => Self::EndOfStream,
            12 => Self::FillerData,
            13 => Self::SpsExtension,
            other => Self::Other(other),
        }
    }

    /// `nal_unit_type`, 0..=31.
    pub const fn value(self) -> u8 {
        match self {
            Self::NonIdrSlice => 1,
            Self::DataPartition(v) | Self::Other(v) => v & 0x1f,
            Self::IdrSlice => 5,
            Self::Sei => 6,
            Self::Sps => 7,
            Self::Pps => 8,
            Self::AccessUnitDelimiter => 9,
            Self::EndOfSequence => 10,
            Self::EndOfStream => 11,
            Self::FillerData => 12,
            Self::SpsExtension => 13,
        }
    }

    /// Whether it carries coded picture data.
    pub const fn is_slice(self) -> bool {
        matches!(self, Self::NonIdrSlice | Self::DataPartition(_) | Self::IdrSlice)
    }

    /// Whether it is an SPS or a PPS.
    pub const fn is_parameter_set(self) -> bool {
        matches!(self, Self::Sps | Self::Pps)
    }
}

/// At most the first `limit` bytes of `nal`'s raw byte sequence payload: without emulation prevention bytes (and with the header byte).
pub fn unescape(nal: &[u8], limit: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(nal.len().min(limit));
    let mut zeros = 0;
    for &byte in nal {
        if out.len() >= limit {
            break;
        }
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

/// The NAL unit of a header byte and raw byte sequence payload: with emulation prevention bytes.
pub fn escape(rbsp: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(rbsp.len() + rbsp.len() / 64 + 1);
    let mut zeros = 0;
    for &byte in rbsp {
        if zeros >= 2 && byte <= 3 {
            out.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    // A payload must not end in a zero byte (section 7.4.1): it could not be told from padding.
    if zeros > 0 {
        out.push(3);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn types_round_trip() {
        for header in 0..=255u8 {
            assert_eq!(NalUnitType::from_header(header).value(), header & 0x1f);
        }
        assert!(NalUnitType::from_header(0x65).is_slice());
        assert!(NalUnitType::from_header(0x67).is_parameter_set());
    }

    #[test]
    fn emulation_prevention_is_removed_up_to_the_limit() {
        assert_eq!(unescape(&[0x67, 0, 0, 3, 1, 0, 0, 3], 100), [0x67, 0, 0, 1, 0, 0]);
        assert_eq!(unescape(&[1, 0, 0, 3, 1, 9, 9], 4), [1, 0, 0, 1]);
    }

    proptest! {
        #[test]
        fn escaping_round_trips(rbsp in proptest::collection::vec(prop_oneof![Just(0u8), 0u8..5, any::<u8>()], 1..200)) {
            let mut rbsp = rbsp;
            rbsp.push(0x80);
            let nal = escape(&rbsp);
            prop_assert!(!nal.windows(3).any(|w| w[0] == 0 && w[1] == 0 && w[2] < 3));
            prop_assert_eq!(unescape(&nal, usize::MAX), rbsp);
        }
    }
}
