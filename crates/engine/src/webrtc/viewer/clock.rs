//! The wall clock of a viewer's sender reports: one for audio and video, never in the future (RFC 3550 section 6.4.1).

use std::time::{Duration, Instant};

/// Maps media time since the stream's epoch to instants.
///
/// A publisher may run ahead of its epoch (a burst, a fast clock). A report must not lie in the future, so the mapping
/// of both tracks together moves back by what it was ahead: their distance, which is what browsers synchronise by,
/// stays.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReportClock {
    epoch: Instant,
    ahead: Duration,
}

impl ReportClock {
    pub(super) const fn new(epoch: Instant) -> Self {
        Self { epoch, ahead: Duration::ZERO }
    }

    /// The instant of `media_time`, at most `now`.
    pub(super) fn at(&mut self, media_time: Duration, now: Instant) -> Instant {
        let Some(raw) = self.epoch.checked_add(media_time) else { return now };
        let excess = raw.saturating_duration_since(now);
        self.ahead = self.ahead.max(excess);
        raw.checked_sub(self.ahead).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_ahead_of_its_epoch_moves_both_tracks_alike() {
        let now = Instant::now();
        let mut clock = ReportClock::new(now);
        let second = Duration::from_secs(1);
        assert_eq!(clock.at(second, now + second), now + second);
        // 300 ms ahead: the mapping moves back by that, for good.
        let ahead = Duration::from_millis(300);
        assert_eq!(clock.at(second + ahead, now + second), now + second);
        assert_eq!(clock.at(second, now + second), now + second - ahead);
        assert_eq!(clock.at(second * 2 + ahead, now + second * 2), now + second * 2);
    }

    #[test]
    fn it_never_lies_in_the_future() {
        let now = Instant::now();
        let mut clock = ReportClock::new(now);
        assert_eq!(clock.at(Duration::MAX, now), now);
        assert!(clock.at(Duration::from_secs(3_600), now) <= now);
    }
}
