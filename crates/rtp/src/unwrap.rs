//! Wrapping counters made monotonic: 16-bit sequence numbers and 32-bit timestamps (RFC 3550 section 5.1, appendix A.1).

/// The first unwrapped sequence number is at least this, so that earlier packets stay above zero.
const SEQUENCE_ORIGIN: u64 = 1 << 16;

/// How far ahead a packet may be and still belong to the same sequence (MAX_DROPOUT of RFC 3550 appendix A.1, which
/// proposes 3,000; a stray within it costs everything up to it, and a real gap beyond it costs nothing here).
const MAX_DROPOUT: i16 = 1_000;

/// How far behind a packet may be and still belong to the same sequence: resends arrive this late at most.
const MAX_MISORDER: i16 = -2_048;

/// Where a packet's sequence number belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// In the running sequence, at this unwrapped number.
    Running(u64),
    /// Far from the running sequence: a stray or the first packet of a restarted sequence; the next packet tells.
    Suspect,
    /// The sender restarted its sequence: this packet is at this number, the suspect before it at one less, and numbers
    /// of the old sequence are all below.
    Restarted(u64),
}

/// Unwraps sequence numbers and notices a sender that restarts them (RFC 3550 appendix A.1).
#[derive(Debug, Clone, Default)]
pub struct SequenceUnwrapper {
    highest: Option<u64>,
    /// The number after the last suspect's.
    expected_restart: Option<u16>,
}

impl SequenceUnwrapper {
    /// An unwrapper before its first packet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Places the next arrived packet.
    pub fn unwrap(&mut self, sequence_number: u16) -> Position {
        let Some(highest) = self.highest else {
            let first = SEQUENCE_ORIGIN + u64::from(sequence_number);
            self.highest = Some(first);
            return Position::Running(first);
        };
        let distance = sequence_number.wrapping_sub(highest as u16) as i16;
        if (MAX_MISORDER..=MAX_DROPOUT).contains(&distance) {
            self.expected_restart = None;
            let unwrapped = highest.saturating_add_signed(i64::from(distance));
            self.highest = Some(highest.max(unwrapped));
            return Position::Running(unwrapped);
        }
        if self.expected_restart.replace(sequence_number.wrapping_add(1)) != Some(sequence_number) {
            return Position::Suspect;
        }
        // Two consecutive numbers: a new sequence, placed a whole cycle above the old one.
        let cycle = (highest >> 16).saturating_add(2) << 16;
        let unwrapped = cycle + u64::from(sequence_number);
        self.expected_restart = None;
        self.highest = Some(unwrapped);
        Position::Restarted(unwrapped)
    }
}

/// Unwraps timestamps: each is taken as the nearest to the one before; the low 32 bits stay those of the packet.
#[derive(Debug, Clone, Default)]
pub struct TimestampUnwrapper {
    last: Option<i64>,
}

impl TimestampUnwrapper {
    /// An unwrapper before its first timestamp.
    pub fn new() -> Self {
        Self::default()
    }

    /// The unwrapped timestamp, in ticks; may be below earlier ones (reordering, B-pictures) and below zero.
    pub fn unwrap(&mut self, timestamp: u32) -> i64 {
        let unwrapped = match self.last {
            None => i64::from(timestamp),
            Some(last) => last.saturating_add(i64::from(timestamp.wrapping_sub(last as u32) as i32)),
        };
        self.last = Some(unwrapped);
        unwrapped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn running(position: Position) -> u64 {
        match position {
            Position::Running(number) => number,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn sequence_numbers_wrap_and_reorder() {
        let mut unwrapper = SequenceUnwrapper::new();
        let numbers = [65_534_u16, 0, 65_535, 1, 65_533, 2];
        let unwrapped: Vec<u64> = numbers.iter().map(|n| running(unwrapper.unwrap(*n)) - SEQUENCE_ORIGIN).collect();
        assert_eq!(unwrapped, [65_534, 65_536, 65_535, 65_537, 65_533, 65_538]);
    }

    #[test]
    fn hostile_70_a_restarted_sequence_is_followed_after_two_packets() {
        for restart in [0_u16, 20_000, 40_000, 65_535] {
            let mut unwrapper = SequenceUnwrapper::new();
            let last = running(unwrapper.unwrap(30_000));
            assert_eq!(unwrapper.unwrap(restart), Position::Suspect);
            let Position::Restarted(number) = unwrapper.unwrap(restart.wrapping_add(1)) else {
                panic!("not restarted at {restart}")
            };
            assert!(number - 1 > last);
            assert_eq!(running(unwrapper.unwrap(restart)), number - 1);
            assert_eq!(running(unwrapper.unwrap(restart.wrapping_add(2))), number + 1);
        }
    }

    #[test]
    fn hostile_70_strays_do_not_restart_the_sequence() {
        let mut unwrapper = SequenceUnwrapper::new();
        unwrapper.unwrap(100);
        for stray in [30_000, 50_000, 20_000, 40_000] {
            assert_eq!(unwrapper.unwrap(stray), Position::Suspect);
        }
        assert_eq!(running(unwrapper.unwrap(101)), SEQUENCE_ORIGIN + 101);
        assert_eq!(unwrapper.unwrap(40_001), Position::Suspect, "the running sequence went on in between");
    }

    #[test]
    fn timestamps_wrap_both_ways() {
        let mut unwrapper = TimestampUnwrapper::new();
        assert_eq!(unwrapper.unwrap(0xffff_ff00), 0xffff_ff00);
        assert_eq!(unwrapper.unwrap(0x100), 0x1_0000_0100);
        assert_eq!(unwrapper.unwrap(0xffff_ff80), 0xffff_ff80);
        let mut unwrapper = TimestampUnwrapper::new();
        unwrapper.unwrap(0);
        assert_eq!(unwrapper.unwrap(u32::MAX), -1);
    }

    proptest! {
        #[test]
        fn small_steps_unwrap_to_their_sum(start in any::<u32>(), steps in prop::collection::vec(-900_000..900_000_i64, 1..60)) {
            let mut unwrapper = TimestampUnwrapper::new();
            let mut expected = i64::from(start);
            unwrapper.unwrap(start);
            for step in steps {
                expected += step;
                prop_assert_eq!(unwrapper.unwrap(expected as u32), expected);
            }
        }

        #[test]
        fn any_sequence_numbers_unwrap_to_themselves_modulo_2_16(numbers in prop::collection::vec(any::<u16>(), 1..200)) {
            let mut unwrapper = SequenceUnwrapper::new();
            for number in numbers {
                match unwrapper.unwrap(number) {
                    Position::Running(unwrapped) | Position::Restarted(unwrapped) => {
                        prop_assert_eq!(unwrapped as u16, number);
                    }
                    Position::Suspect => {}
                }
            }
        }
    }
}
