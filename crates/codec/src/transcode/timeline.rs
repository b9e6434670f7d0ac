//! Where the next sample belongs: a sample counter that is checked against the input's timestamps (design section 4).
//!
//! The count of samples is the master, timestamps are only watched: those of RTMP are rounded to milliseconds and jitter.

/// Timestamps may be off by this much (40 ms at 48 kHz) before anything is done: below what the eye notices as bad
/// lip-sync, above the jitter of real senders.
pub(super) const TOLERANCE: i64 = 48 * 40;
/// A gap up to this long (1 s at 48 kHz) is filled so that the output stays gapless; a longer one makes the output's
/// timestamps jump. It bounds the work that one hostile timestamp causes.
pub(super) const MAXIMUM_FILL: i64 = 48_000;
/// Units in a row that must be off before a slow drift is corrected; a single one is jitter.
const DRIFTED_UNITS: u32 = 8;

/// What is to be done before a unit is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing: it follows.
    Follow,
    /// This many samples are missing before it.
    Fill(i64),
    /// This many samples of it are too many.
    Skip(i64),
    /// It belongs somewhere else altogether.
    Restart,
}

/// A sample counter with an anchor; positions are in samples at 48 kHz.
#[derive(Debug)]
pub(super) struct Timeline {
    anchor: Option<i64>,
    rate: u32,
    frames: u64,
    off: u32,
    smallest: i64,
    /// Samples that may still be made up for holes between rounded timestamps: earned one by one by real sound, up to
    /// MAXIMUM_FILL, so that a sender of tiny units a second apart causes twice the work of an honest one, not fifty times.
    credit: i64,
}

impl Timeline {
    /// A counter without an anchor.
    pub fn new() -> Self {
        Self { anchor: None, rate: 0, frames: 0, off: 0, smallest: 0, credit: MAXIMUM_FILL }
    }

    /// Forgets where it was.
    pub fn stop(&mut self) {
        *self = Self { credit: self.credit, ..Self::new() };
    }

    /// Notes that `samples` of real sound came.
    pub fn earn(&mut self, samples: u64) {
        self.credit = self.credit.saturating_add_unsigned(samples).min(MAXIMUM_FILL);
    }

    /// Where the next sample belongs; `None` before the first.
    pub fn position(&self) -> Option<i64> {
        let anchor = self.anchor?;
        let rate = u128::from(self.rate.max(1));
        let elapsed = u128::from(self.frames) * 48_000 / rate;
        Some(anchor.saturating_add(i64::try_from(elapsed).unwrap_or(i64::MAX)))
    }

    /// Starts at `position`, counting samples at `rate` Hz.
    pub fn start(&mut self, position: i64, rate: u32) {
        *self = Self { anchor: Some(position), rate, credit: self.credit, ..Self::new() };
    }

    /// Counts at another rate from here on.
    pub fn change_rate(&mut self, rate: u32) {
        if let Some(position) = self.position() {
            self.start(position, rate);
        }
    }

    /// Counts `frames` samples (of the rate in force).
    pub fn advance(&mut self, frames: usize) {
        self.frames = self.frames.saturating_add(frames as u64);
    }

    /// Judges a unit at `position`. `exact`: timestamps count samples (RTP), so every gap is real.
    pub fn step(&mut self, position: i64, exact: bool) -> Step {
        let Some(expected) = self.position() else { return Step::Restart };
        let drift = position.saturating_sub(expected);
        if drift.saturating_abs() > MAXIMUM_FILL {
            return Step::Restart;
        }
        if exact {
            return match drift {
                0 => Step::Follow,
                1.. => Step::Fill(drift),
                _ => Step::Skip(-drift),
            };
        }
        if drift.abs() <= TOLERANCE {
            self.off = 0;
            return Step::Follow;
        }
        if self.off == 0 || drift.abs() < self.smallest.abs() || drift.signum() != self.smallest.signum() {
            self.smallest = drift;
        }
        self.off += 1;
        // One unit that is late by more than jitter explains is a hole; but a whole queue may only have been stamped late,
        // so a hole must be beyond twice the tolerance, else it has to last.
        if drift <= 2 * TOLERANCE && self.off < DRIFTED_UNITS {
            return Step::Follow;
        }
        let correction = if drift > 2 * TOLERANCE { drift } else { self.smallest };
        self.off = 0;
        if correction < 0 {
            return Step::Skip(-correction);
        }
        if correction > self.credit {
            return Step::Restart;
        }
        self.credit -= correction;
        Step::Fill(correction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn millisecond_rounding_and_jitter_are_followed() {
        let mut timeline = Timeline::new();
        assert_eq!(timeline.step(0, false), Step::Restart);
        timeline.start(0, 44_100);
        for unit in 0..10_000_i64 {
            let exact = unit * 1_024 * 48_000 / 44_100;
            let jitter = [0, 900, -900, 1_500][unit as usize % 4];
            assert_eq!(timeline.step(exact / 48 * 48 + jitter, false), Step::Follow);
            timeline.advance(1_024);
        }
    }

    #[test]
    fn a_hole_is_filled_at_once_and_a_drift_when_it_lasts() {
        let mut timeline = Timeline::new();
        timeline.start(0, 48_000);
        timeline.advance(1_024);
        assert_eq!(timeline.step(1_024 + 9_600, false), Step::Fill(9_600));
        for _ in 0..DRIFTED_UNITS - 1 {
            assert_eq!(timeline.step(1_024 + TOLERANCE + 50, false), Step::Follow);
        }
        assert_eq!(timeline.step(1_024 + TOLERANCE + 10, false), Step::Fill(TOLERANCE + 10));
        for _ in 0..DRIFTED_UNITS - 1 {
            assert_eq!(timeline.step(1_024 - TOLERANCE - 50, false), Step::Follow);
        }
        assert_eq!(timeline.step(1_024 - TOLERANCE - 10, false), Step::Skip(TOLERANCE + 10));
    }

    #[test]
    fn holes_are_filled_only_as_far_as_real_sound_paid_for_them() {
        let mut timeline = Timeline::new();
        timeline.start(0, 48_000);
        let mut filled = 0;
        for _ in 0..1_000 {
            let Some(position) = timeline.position() else { panic!("anchored") };
            match timeline.step(position + 40_000, false) {
                Step::Fill(samples) => {
                    filled += samples;
                    timeline.advance(samples as usize);
                }
                step => assert_eq!(step, Step::Restart),
            }
            timeline.earn(1_024);
            timeline.advance(1_024);
        }
        assert!(filled <= MAXIMUM_FILL + 1_000 * 1_024, "{filled}");
    }

    #[test]
    fn jumps_restart() {
        let mut timeline = Timeline::new();
        timeline.start(1_000_000, 48_000);
        assert_eq!(timeline.step(1_000_000 + MAXIMUM_FILL + 1, false), Step::Restart);
        assert_eq!(timeline.step(0, false), Step::Restart);
        assert_eq!(timeline.step(i64::MIN, true), Step::Restart);
        assert_eq!(timeline.step(i64::MAX, true), Step::Restart);
        assert_eq!(timeline.step(1_000_120, true), Step::Fill(120));
        assert_eq!(timeline.step(999_880, true), Step::Skip(120));
    }

    #[test]
    fn counts_a_day_at_44_1_khz_without_drift() {
        let mut timeline = Timeline::new();
        timeline.start(7, 44_100);
        let units = 24 * 3_600 * 44_100_usize / 1_024;
        timeline.advance(units * 1_024);
        assert_eq!(timeline.position(), Some(7 + (units as i64 * 1_024 * 48_000) / 44_100));
        timeline.change_rate(16_000);
        timeline.advance(16_000);
        assert_eq!(timeline.position(), Some(7 + (units as i64 * 1_024 * 48_000) / 44_100 + 48_000));
    }
}
