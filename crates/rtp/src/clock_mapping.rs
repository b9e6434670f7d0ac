//! RTP timestamps to the sender's wall clock, by its sender reports (RFC 3550 section 6.4.1).

use crate::ntp::NtpTime;

/// A report this far from what the last one predicted is a jump and not drift or rounding, in microseconds.
///
/// 200 ppm over a minute without reports is 12 ms; senders stamp reports up to tens of milliseconds late.
const JUMP_MICROS: i64 = 500_000;

/// What became of a sender report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportOutcome {
    /// The mapping follows it. `correction_micros` is by how much times moved against the previous mapping (0 for the
    /// first report).
    Used {
        /// Microseconds that [`ClockMapping::to_ntp`] moved by.
        correction_micros: i64,
    },
    /// It contradicts the mapping; the mapping stays until a second report agrees with it.
    Held,
    /// Two reports in a row agreed on a new mapping: the sender's wall clock or its timestamps jumped.
    Jumped,
    /// It carried no wall clock (all zero, RFC 3550 section 6.4.1) and said nothing.
    NoWallClock,
}

#[derive(Debug, Clone, Copy)]
struct Anchor {
    ntp: NtpTime,
    rtp: u32,
}

impl Anchor {
    /// Within 2^31 ticks of the anchor (6 h at 90 kHz), on either side.
    fn to_ntp(self, rtp: u32, clock_rate: u32) -> NtpTime {
        let ticks = i64::from(rtp.wrapping_sub(self.rtp) as i32);
        self.ntp.offset_micros((ticks * 1_000_000).div_euclid(i64::from(clock_rate)))
    }

    fn to_rtp(self, ntp: NtpTime, clock_rate: u32) -> u32 {
        let ticks = (i128::from(ntp.micros_since(self.ntp)) * i128::from(clock_rate) + 500_000).div_euclid(1_000_000);
        self.rtp.wrapping_add(ticks as u32)
    }
}

/// Maps one source's RTP timestamps to its wall clock. Comparing two sources of one sender on that clock synchronises
/// them; nothing is said about our own clock.
#[derive(Debug, Clone)]
pub struct ClockMapping {
    clock_rate: u32,
    anchor: Option<Anchor>,
    contradicting: Option<Anchor>,
}

impl ClockMapping {
    /// A mapping before its first report; `clock_rate` in ticks a second (0 is taken as 1).
    pub fn new(clock_rate: u32) -> Self {
        Self { clock_rate: clock_rate.max(1), anchor: None, contradicting: None }
    }

    /// Takes a sender report: at the wall-clock time `ntp` the source's clock showed `rtp`.
    ///
    /// One report that contradicts the others by more than half a second changes nothing (corrupt reports are seen, and
    /// reports that overtake a restart of the source); two that agree with each other do.
    pub fn handle_sender_report(&mut self, ntp: NtpTime, rtp: u32) -> ReportOutcome {
        if ntp.to_bits() == 0 {
            return ReportOutcome::NoWallClock;
        }
        let report = Anchor { ntp, rtp };
        let Some(anchor) = self.anchor else {
            self.anchor = Some(report);
            return ReportOutcome::Used { correction_micros: 0 };
        };
        let correction_micros = self.deviation(anchor, report);
        if correction_micros.abs() <= JUMP_MICROS {
            self.anchor = Some(report);
            self.contradicting = None;
            return ReportOutcome::Used { correction_micros };
        }
        match self.contradicting.replace(report) {
            Some(earlier) if self.deviation(earlier, report).abs() <= JUMP_MICROS => {
                self.anchor = Some(report);
                self.contradicting = None;
                ReportOutcome::Jumped
            }
            _ => ReportOutcome::Held,
        }
    }

    /// How far `report` is from what `anchor` predicts, in microseconds.
    fn deviation(&self, anchor: Anchor, report: Anchor) -> i64 {
        report.ntp.micros_since(anchor.to_ntp(report.rtp, self.clock_rate))
    }

    /// When the source sampled `rtp`, on its wall clock; `None` before the first report. The low 32 bits of an unwrapped
    /// timestamp serve.
    pub fn to_ntp(&self, rtp: u32) -> Option<NtpTime> {
        self.anchor.map(|anchor| anchor.to_ntp(rtp, self.clock_rate))
    }

    /// What the source's clock shows at `ntp`; `None` before the first report.
    pub fn to_rtp(&self, ntp: NtpTime) -> Option<u32> {
        self.anchor.map(|anchor| anchor.to_rtp(ntp, self.clock_rate))
    }

    /// Whether a report has been used yet.
    pub fn is_known(&self) -> bool {
        self.anchor.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: NtpTime = NtpTime::from_bits(0xe000_0000_0000_0000);

    fn at(seconds: i64) -> NtpTime {
        START.offset_micros(seconds * 1_000_000)
    }

    #[test]
    fn maps_both_sides_of_a_report_and_across_the_wrap() {
        let mut mapping = ClockMapping::new(90_000);
        assert_eq!(mapping.to_ntp(0), None);
        mapping.handle_sender_report(START, 45_000);
        assert_eq!(mapping.to_ntp(135_000), Some(at(1)));
        assert_eq!(mapping.to_ntp(45_000_u32.wrapping_sub(90_000)), Some(at(-1)));
        assert_eq!(mapping.to_rtp(at(2)), Some(225_000));
    }

    #[test]
    fn drift_is_followed() {
        let mut mapping = ClockMapping::new(48_000);
        mapping.handle_sender_report(at(0), 0);
        // 200 ppm fast: 48 more ticks in 5 s.
        let outcome = mapping.handle_sender_report(at(5), 5 * 48_000 + 48);
        assert_eq!(outcome, ReportOutcome::Used { correction_micros: -1_000 });
        assert_eq!(mapping.to_ntp(5 * 48_000 + 48), Some(at(5)));
    }

    #[test]
    fn one_wild_report_changes_nothing_and_two_do() {
        let mut mapping = ClockMapping::new(48_000);
        mapping.handle_sender_report(at(0), 0);
        assert_eq!(mapping.handle_sender_report(at(5_000), 240_000), ReportOutcome::Held);
        assert_eq!(mapping.to_ntp(48_000), Some(at(1)));
        assert!(matches!(mapping.handle_sender_report(at(10), 480_000), ReportOutcome::Used { correction_micros: 0 }));
        assert_eq!(mapping.handle_sender_report(at(5_010), 720_000), ReportOutcome::Held);
        assert_eq!(mapping.handle_sender_report(at(9_000), 720_000), ReportOutcome::Held, "no two agree");
        assert_eq!(mapping.handle_sender_report(at(9_005), 960_000), ReportOutcome::Jumped);
        assert_eq!(mapping.to_ntp(960_000), Some(at(9_005)));
    }

    #[test]
    fn a_report_without_wall_clock_is_ignored() {
        let mut mapping = ClockMapping::new(0);
        assert_eq!(mapping.handle_sender_report(NtpTime::from_bits(0), 7), ReportOutcome::NoWallClock);
        assert!(!mapping.is_known());
    }

    proptest! {
        #[test]
        fn any_reports_map(
            clock_rate in any::<u32>(),
            reports in prop::collection::vec((any::<u64>(), any::<u32>(), any::<u32>()), 0..20),
        ) {
            let mut mapping = ClockMapping::new(clock_rate);
            for (ntp, rtp, asked) in reports {
                mapping.handle_sender_report(NtpTime::from_bits(ntp), rtp);
                let _ = mapping.to_ntp(asked);
                let _ = mapping.to_rtp(NtpTime::from_bits(ntp ^ u64::from(asked)));
            }
        }

        #[test]
        fn mapping_there_and_back_is_the_same_tick(rtp in any::<u32>(), offset in -2_000_000_000..2_000_000_000_i32) {
            for clock_rate in [48_000, 90_000] {
                let mut mapping = ClockMapping::new(clock_rate);
                mapping.handle_sender_report(START, rtp);
                let asked = rtp.wrapping_add_signed(offset);
                prop_assert_eq!(mapping.to_rtp(mapping.to_ntp(asked).unwrap()), Some(asked));
            }
        }
    }
}
