//! Which pictures a decoder would hold as references, and whether they were sent (ITU-T H.264 sections 8.2.4 and 8.2.5).
//!
//! Progressive frames only. It serves one question: does a P picture refer to a picture that was left out?

use rtmp_gateway_media::h264::{ListModification, Marking, MemoryOperation, SliceHeader};

/// References a decoder may hold (section A.3.1); the model never holds more, whatever the stream says.
const MAX_REFERENCES: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reference {
    frame_num: u32,
    long_term: Option<u32>,
    left_out: bool,
}

/// The reference pictures after the pictures seen so far.
#[derive(Debug, Default)]
pub(super) struct References {
    held: Vec<Reference>,
    max_frame_num: i64,
    max_references: usize,
}

impl References {
    /// No pictures yet; `frame_num_bits` and `max_references` are the SPS's.
    pub(super) fn new(frame_num_bits: u32, max_references: u32) -> Self {
        Self {
            held: Vec::new(),
            max_frame_num: 1 << frame_num_bits.min(16),
            max_references: (max_references as usize).clamp(1, MAX_REFERENCES),
        }
    }

    /// Whether any picture that was left out may still be referred to.
    pub(super) fn any_left_out(&self) -> bool {
        self.held.iter().any(|reference| reference.left_out)
    }

    /// Whether a P slice refers to a picture that was left out: one of its active entries in list 0 is one.
    pub(super) fn needs_left_out(&self, header: &SliceHeader) -> bool {
        self.any_left_out() && self.list_0(header).iter().any(|reference| reference.left_out)
    }

    /// The picture number of a short-term reference, seen from a picture with `current` (section 8.2.4.1).
    fn picture_number(&self, reference: &Reference, current: u32) -> i64 {
        let number = i64::from(reference.frame_num);
        if reference.frame_num > current { number - self.max_frame_num } else { number }
    }

    /// Reference list 0 of a P slice (sections 8.2.4.2.1 and 8.2.4.3).
    fn list_0(&self, header: &SliceHeader) -> Vec<Reference> {
        let mut list: Vec<_> = self.held.iter().filter(|reference| reference.long_term.is_none()).copied().collect();
        list.sort_by_key(|reference| -self.picture_number(reference, header.frame_num));
        let mut long_term: Vec<_> =
            self.held.iter().filter(|reference| reference.long_term.is_some()).copied().collect();
        long_term.sort_by_key(|reference| reference.long_term);
        list.extend(long_term);
        let active = header.active_references_l0 as usize;
        list.truncate(active);
        let current = i64::from(header.frame_num);
        let mut predicted = current;
        for (index, modification) in header.modifications_l0.iter().enumerate() {
            let wanted = match *modification {
                ListModification::Subtract(difference) => {
                    predicted = (predicted - i64::from(difference)).rem_euclid(self.max_frame_num);
                    self.short_term(predicted, header.frame_num)
                }
                ListModification::Add(difference) => {
                    predicted = (predicted + i64::from(difference)).rem_euclid(self.max_frame_num);
                    self.short_term(predicted, header.frame_num)
                }
                ListModification::LongTerm(number) => {
                    self.held.iter().find(|reference| reference.long_term == Some(number)).copied()
                }
            };
            let Some(wanted) = wanted else { continue };
            let index = index.min(list.len());
            let (front, rest) = list.split_at(index);
            let rest = rest.iter().filter(|reference| **reference != wanted);
            list = front.iter().chain(std::iter::once(&wanted)).chain(rest).copied().collect();
        }
        list.truncate(active);
        list
    }

    /// The short-term reference with this picture number modulo `MaxFrameNum`.
    fn short_term(&self, number: i64, current: u32) -> Option<Reference> {
        let same = |reference: &&Reference| {
            reference.long_term.is_none()
                && (self.picture_number(reference, current) - number).rem_euclid(self.max_frame_num) == 0
        };
        self.held.iter().find(same).copied()
    }

    /// Takes a decoded picture's effect on the references; `left_out` when it was not sent.
    pub(super) fn decoded(&mut self, header: &SliceHeader, left_out: bool) {
        let mut picture = Reference { frame_num: header.frame_num, long_term: None, left_out };
        match &header.marking {
            Marking::NotReference => return,
            Marking::Idr { long_term } => {
                self.held.clear();
                picture.long_term = long_term.then_some(0);
            }
            Marking::SlidingWindow => {
                while self.held.len() >= self.max_references && self.forget_oldest(header.frame_num) {}
            }
            Marking::Adaptive(operations) => {
                for operation in operations {
                    self.apply(*operation, &mut picture);
                }
            }
        }
        if self.held.len() >= MAX_REFERENCES {
            self.held.remove(0);
        }
        self.held.push(picture);
    }

    fn forget_oldest(&mut self, current: u32) -> bool {
        let short_term = self.held.iter().enumerate().filter(|(_, reference)| reference.long_term.is_none());
        let oldest = short_term.min_by_key(|(_, reference)| self.picture_number(reference, current));
        let Some((index, _)) = oldest else { return false };
        self.held.remove(index);
        true
    }

    fn apply(&mut self, operation: MemoryOperation, picture: &mut Reference) {
        let current = picture.frame_num;
        match operation {
            MemoryOperation::ForgetShortTerm(difference) => {
                if let Some(found) = self.short_term(i64::from(current) - i64::from(difference), current) {
                    self.held.retain(|reference| *reference != found);
                }
            }
            MemoryOperation::ForgetLongTerm(number) => {
                self.held.retain(|reference| reference.long_term != Some(number));
            }
            MemoryOperation::MakeLongTerm(difference, index) => {
                let found = self.short_term(i64::from(current) - i64::from(difference), current);
                self.held.retain(|reference| reference.long_term != Some(index));
                if let Some(reference) = self.held.iter_mut().find(|reference| Some(**reference) == found) {
                    reference.long_term = Some(index);
                }
            }
            MemoryOperation::LimitLongTerm(count) => {
                self.held.retain(|reference| reference.long_term.is_none_or(|index| index < count));
            }
            MemoryOperation::ForgetAll => {
                self.held.clear();
                picture.frame_num = 0;
            }
            MemoryOperation::CurrentLongTerm(index) => {
                self.held.retain(|reference| reference.long_term != Some(index));
                picture.long_term = Some(index);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtmp_gateway_media::h264::SliceType;

    fn p(frame_num: u32, active: u32, modifications_l0: Vec<ListModification>) -> SliceHeader {
        SliceHeader {
            first_macroblock: 0,
            slice_type: SliceType::P,
            pps_id: 0,
            frame_num,
            field: false,
            active_references_l0: active,
            modifications_l0,
            marking: Marking::SlidingWindow,
        }
    }

    fn idr() -> SliceHeader {
        SliceHeader { marking: Marking::Idr { long_term: false }, ..p(0, 0, Vec::new()) }
    }

    #[test]
    fn the_newest_reference_is_first_and_old_ones_slide_out() {
        let mut references = References::new(4, 2);
        references.decoded(&idr(), false);
        references.decoded(&p(1, 1, vec![]), true);
        assert!(references.needs_left_out(&p(2, 1, vec![])));
        assert!(references.needs_left_out(&p(2, 2, vec![])));
        // Reordered so that the first entry is the IDR, two below.
        assert!(!references.needs_left_out(&p(2, 1, vec![ListModification::Subtract(2)])));
        assert!(references.needs_left_out(&p(2, 2, vec![ListModification::Subtract(2)])));
        references.decoded(&p(2, 1, vec![]), false);
        references.decoded(&p(3, 1, vec![]), false);
        assert!(!references.any_left_out());
    }

    #[test]
    fn frame_numbers_wrap() {
        let mut references = References::new(4, 4);
        references.decoded(&idr(), false);
        for n in 1..16 {
            references.decoded(&p(n, 1, vec![]), false);
        }
        references.decoded(&p(0, 1, vec![]), true);
        assert!(references.needs_left_out(&p(1, 1, vec![])));
        assert!(!references.needs_left_out(&p(1, 1, vec![ListModification::Subtract(2)])), "frame 15 is two below 1");
        assert!(!references.needs_left_out(&p(1, 1, vec![ListModification::Add(14)])), "and 14 above it, modulo 16");
    }

    #[test]
    fn memory_operations() {
        let mut references = References::new(4, 4);
        references.decoded(&idr(), false);
        references.decoded(&p(1, 1, vec![]), true);
        let forget = |operation| SliceHeader { marking: Marking::Adaptive(vec![operation]), ..p(2, 1, vec![]) };
        references.decoded(&forget(MemoryOperation::ForgetShortTerm(1)), false);
        assert!(!references.any_left_out());

        references.decoded(&forget(MemoryOperation::CurrentLongTerm(0)), true);
        assert!(references.needs_left_out(&p(3, 1, vec![ListModification::LongTerm(0)])));
        assert!(!references.needs_left_out(&p(3, 1, vec![])), "short-term ones come first");
        references.decoded(&forget(MemoryOperation::ForgetLongTerm(0)), false);
        assert!(!references.any_left_out());
        references.decoded(&p(4, 1, vec![]), true);
        references.decoded(&forget(MemoryOperation::ForgetAll), false);
        assert!(!references.any_left_out());
        references.decoded(&idr(), false);
        assert_eq!(references.held.len(), 1);
    }

    #[test]
    fn hostile_39_class_references_are_bounded() {
        let mut references = References::new(16, u32::MAX);
        let keep = SliceHeader { marking: Marking::Adaptive(Vec::new()), ..p(1, 1, vec![]) };
        for _ in 0..1_000 {
            references.decoded(&keep, false);
        }
        assert_eq!(references.held.len(), MAX_REFERENCES);
    }
}
