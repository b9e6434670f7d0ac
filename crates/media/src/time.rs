//! Media time: a signed count of ticks with the clock rate that gives it meaning (RFC 3550 section 5.1 for RTP clocks).

use std::time::Duration;

/// A point on a track's own time line: `ticks` of a clock that runs at `clock_rate` ticks a second.
///
/// Ticks are already unwrapped (64 bits, may be negative); two times are comparable only on the same track, and
/// equality compares both fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MediaTime {
    ticks: i64,
    clock_rate: u32,
}

impl MediaTime {
    /// The clock of RTMP timestamps: milliseconds.
    pub const MILLISECONDS: u32 = 1_000;
    /// The clock of video over RTP (RFC 6184 section 8.1).
    pub const VIDEO_RTP: u32 = 90_000;

    /// A time of `ticks` at `clock_rate` ticks a second; a clock rate of 0 is taken as 1.
    pub const fn new(ticks: i64, clock_rate: u32) -> Self {
        let clock_rate = if clock_rate == 0 { 1 } else { clock_rate };
        Self { ticks, clock_rate }
    }

    /// A time in milliseconds, as RTMP carries it (after unwrapping).
    pub const fn from_millis(milliseconds: i64) -> Self {
        Self::new(milliseconds, Self::MILLISECONDS)
    }

    /// The ticks.
    pub const fn ticks(self) -> i64 {
        self.ticks
    }

    /// Ticks a second, never 0.
    pub const fn clock_rate(self) -> u32 {
        self.clock_rate
    }

    /// The same instant on another clock, rounded towards negative infinity; saturates at the ends of `i64`.
    pub fn rescale(self, clock_rate: u32) -> Self {
        let rate = clock_rate.max(1);
        if rate == self.clock_rate {
            return self;
        }
        let wide = (i128::from(self.ticks) * i128::from(rate)).div_euclid(i128::from(self.clock_rate));
        Self::new(wide.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64, rate)
    }

    /// Whole milliseconds, rounded towards negative infinity.
    pub fn as_millis(self) -> i64 {
        self.rescale(Self::MILLISECONDS).ticks
    }

    /// Whole microseconds, rounded towards negative infinity.
    pub fn as_micros(self) -> i64 {
        self.rescale(1_000_000).ticks
    }

    /// This time moved by `ticks` of its own clock; saturates.
    pub const fn offset(self, ticks: i64) -> Self {
        Self { ticks: self.ticks.saturating_add(ticks), clock_rate: self.clock_rate }
    }

    /// `self - earlier` as a duration; zero when `earlier` is later. The clock rates may differ.
    pub fn saturating_since(self, earlier: Self) -> Duration {
        let nanos = |t: Self| i128::from(t.ticks) * 1_000_000_000 / i128::from(t.clock_rate);
        let difference = nanos(self) - nanos(earlier);
        Duration::from_nanos(u64::try_from(difference.max(0)).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rescaling_rounds_down_and_keeps_sign() {
        assert_eq!(MediaTime::from_millis(20).rescale(90_000).ticks(), 1_800);
        assert_eq!(MediaTime::new(-1, 90_000).as_millis(), -1);
        assert_eq!(MediaTime::new(89, 90_000).as_millis(), 0);
        assert_eq!(MediaTime::new(i64::MAX, 1).rescale(90_000).ticks(), i64::MAX);
    }

    #[test]
    fn a_clock_rate_of_zero_is_one() {
        assert_eq!(MediaTime::new(5, 0).clock_rate(), 1);
        assert_eq!(MediaTime::new(5, 1_000).rescale(0).clock_rate(), 1);
    }

    #[test]
    fn since_compares_across_clocks_and_saturates() {
        let a = MediaTime::from_millis(100);
        let b = MediaTime::new(9_900, 90_000);
        assert_eq!(b.saturating_since(a), Duration::from_millis(10));
        assert_eq!(a.saturating_since(b), Duration::ZERO);
    }
}
