//! What a payload's bits tell of the access unit around it (RFC 6184 section 5, ITU-T H.264 section 7.4.1.2.3).

use super::payload::Payload;
use rtmp_gateway_media::h264::NalUnitType;

/// What a payload tells of the access unit around it, without looking at its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Hints {
    /// Holds nothing at all.
    pub empty: bool,
    /// Is not of the non-interleaved mode.
    pub broken: bool,
    /// Holds a slice or a piece of one.
    pub slice: bool,
    /// Holds a slice of an IDR picture or a piece of one.
    pub idr: bool,
    /// Holds a sequence parameter set.
    pub sps: bool,
    /// The first slice in it starts at macroblock 0.
    pub first_macroblock: bool,
    /// Its first NAL unit can only be in front of a picture's slices (ITU-T H.264 section 7.4.1.2.3).
    pub precedes_picture: bool,
    /// No slice of its access unit is in front of it: it starts with a delimiter, or has an SPS in front of its slices.
    /// FFmpeg sends SEI, SPS and PPS in this order.
    pub delimits: bool,
    /// Goes on with a NAL unit of the packet before.
    pub continues: bool,
    /// Its last NAL unit goes on in the next packet.
    pub unfinished: bool,
}

impl Hints {
    /// The hints of a payload.
    pub(crate) fn of(payload: &[u8]) -> Self {
        let mut hints = Self::default();
        match Payload::parse(payload) {
            Err(_) => hints.broken = true,
            Ok(Payload::Empty) => hints.empty = true,
            Ok(Payload::Single(nal)) => hints.add(nal),
            Ok(Payload::ByteStream(nals)) => nals.for_each(|nal| hints.add(nal)),
            Ok(Payload::Aggregate(nals)) => nals.for_each(|nal| hints.add(nal)),
            Ok(Payload::Fragment { header, start, end, body }) => {
                if start {
                    hints.add_parts(header, body.first().copied());
                } else {
                    let kind = NalUnitType::from_header(header);
                    hints.slice = kind.is_slice();
                    hints.idr = kind == NalUnitType::IdrSlice;
                    hints.continues = true;
                }
                hints.unfinished = !end;
            }
        }
        hints
    }

    fn add(&mut self, nal: &[u8]) {
        if let Some((&header, body)) = nal.split_first() {
            self.add_parts(header, body.first().copied());
        }
    }

    fn add_parts(&mut self, header: u8, second: Option<u8>) {
        let kind = NalUnitType::from_header(header);
        let first = !(self.slice || self.precedes_picture || self.delimits || self.sps);
        if kind.is_slice() {
            // first_mb_in_slice is the first field of a slice header: Exp-Golomb, so a leading 1 bit means 0.
            self.first_macroblock |= !self.slice && second.is_some_and(|byte| byte & 0x80 != 0);
            self.slice = true;
            self.idr |= kind == NalUnitType::IdrSlice;
        }
        self.sps |= kind == NalUnitType::Sps;
        self.delimits |= kind == NalUnitType::Sps && !self.slice;
        if first {
            self.precedes_picture = matches!(kind.value(), 6..=9 | 14..=18);
            self.delimits |= kind == NalUnitType::AccessUnitDelimiter;
        }
    }

    /// Whether this packet holds the start of a picture's first slice.
    pub(crate) fn starts_slices(&self) -> bool {
        self.first_macroblock && !self.continues
    }

    /// Whether this packet, behind a finished picture, is the first of another one.
    pub(crate) fn starts_picture(&self) -> bool {
        self.precedes_picture || self.starts_slices()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_tell_where_a_picture_starts() {
        let hints = Hints::of(&[0x78, 0, 2, 0x67, 1, 0, 2, 0x65, 0x88]);
        assert!(hints.sps && hints.delimits && hints.idr && hints.slice && hints.first_macroblock);
        assert!(!Hints::of(&[0x41, 0x40]).first_macroblock, "macroblock 1");
        assert!(Hints::of(&[0x06, 1]).starts_picture() && Hints::of(&[0x41, 0x9a]).starts_picture());
        assert!(!Hints::of(&[0x41, 0x40]).starts_picture() && !Hints::of(&[0x7c, 0x05, 0x88]).starts_picture());
        let start = Hints::of(&[0x7c, 0x85, 0x88]);
        assert!(start.idr && start.unfinished && !start.continues && start.first_macroblock);
        let end = Hints::of(&[0x7c, 0x45, 0x88]);
        assert!(end.slice && end.continues && !end.unfinished && !end.first_macroblock);
        assert!(Hints::of(&[0x78, 0, 2, 0x06, 1, 0, 2, 0x67, 1]).delimits, "SEI in front of the SPS");
        assert!(!Hints::of(&[0x78, 0, 2, 0x65, 0x88, 0, 2, 0x67, 1]).delimits, "an SPS behind a slice");
        assert!(Hints::of(&[]).empty && Hints::of(&[0x1f]).broken);
        assert!(!Hints::of(&[0x09, 0xf0]).slice && Hints::of(&[0x09, 0xf0]).delimits);
    }
}
