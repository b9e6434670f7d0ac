//! Wall-clock time as RTCP carries it: 32 bits of seconds since 1900 and 32 bits of fraction (RFC 3550 section 4).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds from 1900 to 1970.
const UNIX_EPOCH_IN_NTP: u64 = 2_208_988_800;

/// A point in NTP time. Comparable and subtractable across the wrap of 2036, as long as both are within 68 years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NtpTime(u64);

impl NtpTime {
    /// From the 64 bits of a sender report: seconds in the high half, fraction in the low.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The 64 bits of a sender report.
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// From the time since 1970, rounded to the nearest fraction.
    pub fn from_unix(since_epoch: Duration) -> Self {
        let seconds = since_epoch.as_secs().wrapping_add(UNIX_EPOCH_IN_NTP);
        let fraction = ((u64::from(since_epoch.subsec_nanos()) << 32) + 500_000_000) / 1_000_000_000;
        Self((seconds << 32).wrapping_add(fraction))
    }

    /// From a system time; times before 1970 are taken as 1970.
    pub fn from_system_time(time: SystemTime) -> Self {
        Self::from_unix(time.duration_since(UNIX_EPOCH).unwrap_or_default())
    }

    /// `self - other` in microseconds, rounded to nearest; negative when `other` is later.
    pub fn micros_since(self, other: Self) -> i64 {
        let difference = i128::from(self.0.wrapping_sub(other.0) as i64);
        ((difference * 1_000_000 + (1 << 31)) >> 32) as i64
    }

    /// This time moved by microseconds.
    pub fn offset_micros(self, micros: i64) -> Self {
        let fraction = ((i128::from(micros) << 32) + 500_000).div_euclid(1_000_000);
        Self(self.0.wrapping_add(fraction as i64 as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_epoch_is_1900() {
        assert_eq!(NtpTime::from_system_time(UNIX_EPOCH).to_bits(), UNIX_EPOCH_IN_NTP << 32);
        let half = NtpTime::from_unix(Duration::from_millis(1_500));
        assert_eq!(half.to_bits(), (UNIX_EPOCH_IN_NTP + 1) << 32 | 0x8000_0000);
        assert_eq!(half.micros_since(NtpTime::from_unix(Duration::ZERO)), 1_500_000);
    }

    #[test]
    fn differences_survive_the_wrap_of_2036() {
        let before = NtpTime::from_bits(u64::MAX - (1 << 32) + 1);
        let after = NtpTime::from_bits(1 << 31);
        assert_eq!(after.micros_since(before), 1_500_000);
        assert_eq!(before.micros_since(after), -1_500_000);
    }

    proptest! {
        #[test]
        fn moving_and_measuring_agree(bits in any::<u64>(), micros in -1_000_000_000_000..1_000_000_000_000_i64) {
            let time = NtpTime::from_bits(bits);
            prop_assert_eq!(time.offset_micros(micros).micros_since(time), micros);
        }
    }
}
