//! Arguments from JavaScript: numbers are checked, not wrapped or cut, and time is milliseconds of any clock.

use super::error::{ARGUMENT, Result, error};
use bytes::Bytes;
use napi::bindgen_prelude::{Buffer, Uint8Array};
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

/// The largest integer that JavaScript numbers hold exactly.
const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

/// An integer within `range`.
pub(super) fn integer(name: &str, value: f64, range: RangeInclusive<u32>) -> Result<u32> {
    let (least, most) = (*range.start(), *range.end());
    if value.fract() != 0.0 || !(f64::from(least)..=f64::from(most)).contains(&value) {
        return Err(error(ARGUMENT, format_args!("{name} is {value}, an integer of {least} to {most} is wanted")));
    }
    Ok(value as u32)
}

/// An integer of 8 bits at most.
pub(super) fn byte(name: &str, value: f64, range: RangeInclusive<u8>) -> Result<u8> {
    Ok(integer(name, value, u32::from(*range.start())..=u32::from(*range.end()))? as u8)
}

/// An integer of 16 bits.
pub(super) fn word(name: &str, value: f64) -> Result<u16> {
    Ok(integer(name, value, 0..=u32::from(u16::MAX))? as u16)
}

/// The bytes of each array, copied.
pub(super) fn copied(arrays: Option<Vec<Uint8Array>>) -> Vec<Bytes> {
    arrays.unwrap_or_default().iter().map(|array| Bytes::copy_from_slice(array)).collect()
}

/// A Buffer of `bytes`: the same memory when nobody else holds it, else a copy.
pub(super) fn buffer(bytes: Bytes) -> Buffer {
    Vec::from(bytes).into()
}

/// A Buffer for each of `list`, copied.
pub(super) fn buffers(list: &[Bytes]) -> Vec<Buffer> {
    list.iter().map(|bytes| bytes.to_vec().into()).collect()
}

/// A counter; they stay far below 2^53.
pub(super) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Milliseconds.
pub(super) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// A time line that JavaScript walks: its milliseconds start anywhere (`performance.now()`, `Date.now()`, a counter).
#[derive(Debug)]
pub(super) struct Clock {
    /// Any instant: stands for `first_us`.
    origin: Instant,
    /// The first time ever given, in microseconds.
    first_us: Option<i64>,
    latest: Duration,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { origin: Instant::now(), first_us: None, latest: Duration::ZERO }
    }

    /// The instant of `now_ms`. Time that runs back counts as standing still.
    pub(super) fn instant(&mut self, now_ms: f64) -> Result<Instant> {
        let now_us = (now_ms * 1_000.0).round();
        // False for NaN too.
        if !(-MAX_SAFE_INTEGER..=MAX_SAFE_INTEGER).contains(&now_us) {
            return Err(error(ARGUMENT, format_args!("nowMs is {now_ms}, milliseconds below 2^53 / 1000 are wanted")));
        }
        let now_us = now_us as i64;
        let first_us = *self.first_us.get_or_insert(now_us);
        let elapsed = Duration::from_micros(u64::try_from(now_us.saturating_sub(first_us)).unwrap_or(0));
        self.latest = self.latest.max(elapsed);
        let instant = self.origin.checked_add(self.latest);
        instant.ok_or_else(|| error(ARGUMENT, format_args!("nowMs is {now_ms}, too far from the first one")))
    }

    /// The milliseconds of an instant, never before it: whoever waits for them is not called too early.
    pub(super) fn milliseconds(&self, instant: Instant) -> f64 {
        let nanoseconds = instant.saturating_duration_since(self.origin).as_nanos();
        let elapsed_us = i64::try_from(nanoseconds.div_ceil(1_000)).unwrap_or(i64::MAX);
        self.first_us.unwrap_or(0).saturating_add(elapsed_us) as f64 / 1_000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_checked_and_never_wrapped() {
        assert_eq!(integer("x", 4_294_967_295.0, 0..=u32::MAX).unwrap(), u32::MAX);
        for bad in [-1.0, 1.5, 256.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 4_294_967_296.0] {
            assert!(byte("x", bad, 0..=255).is_err(), "{bad}");
        }
        let message = integer("x", 7.0, 1..=6).unwrap_err().reason.clone();
        assert_eq!(message, "GW_ARGUMENT_INVALID: x is 7, an integer of 1 to 6 is wanted");
    }

    #[test]
    fn a_deadline_given_back_as_now_has_come() {
        for start in [0.0, 12.345_678, 1.7e12 + 0.123, -5.0] {
            let mut clock = Clock::new();
            let first = clock.instant(start).unwrap();
            for nanoseconds in [1, 999, 1_000, 1_001, 20_000_001, 249_999_999] {
                let deadline = first + Duration::from_nanos(nanoseconds);
                let due = clock.milliseconds(deadline);
                assert!(clock.instant(due).unwrap() >= deadline, "{start} {nanoseconds}");
            }
        }
    }

    #[test]
    fn time_never_runs_back_and_must_be_a_number() {
        let mut clock = Clock::new();
        let late = clock.instant(1_000.0).unwrap();
        let later = clock.instant(1_010.0).unwrap();
        assert_eq!(later - late, Duration::from_millis(10));
        assert_eq!(clock.instant(0.0).unwrap(), later);
        for bad in [f64::NAN, f64::INFINITY, f64::MAX, -f64::MAX] {
            assert!(clock.instant(bad).is_err(), "{bad}");
        }
    }
}
