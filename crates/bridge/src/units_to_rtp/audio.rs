//! Opus timestamps by sample count (RFC 7587 section 4.1), and where they are on the stream's media clock.
//!
//! A receiver plays by sample count, so the count is never stretched. Tags of RTMP publishers are rounded to ms and drift
//! from it (their clock is not the sound card's): the difference is slewed into the wall clock of the sender reports.

use rtmp_gateway_media::MediaTime;
use rtmp_gateway_rtp::opus::CLOCK_RATE;

/// How far the tags may be ahead of the sample count, in samples (100 ms), before it is a gap and the count jumps to them.
/// Above the jitter of phones' capture timestamps, below what a listener takes for in sync.
pub(super) const MAX_LEAD: i64 = CLOCK_RATE as i64 / 10;
/// How far the tags may be behind, in samples (500 ms), before the mapping jumps instead of being slewed.
const MAX_LAG: i64 = CLOCK_RATE as i64 / 2;
/// The mapping moves by at most one sample in this many: 5 ms per 100 ms.
const SLEW_DIVISOR: i64 = 20;

/// The running count.
#[derive(Debug, Default)]
pub(super) struct AudioClock {
    /// Time the next packet starts at, by count; `None` before the first.
    next: Option<i64>,
    /// Media time minus count, slewed.
    offset: i64,
}

impl AudioClock {
    /// The RTP time and the media time of a packet of `samples` samples whose tag says `tag` (48 kHz).
    pub(super) fn next(&mut self, tag: MediaTime, samples: u32) -> (MediaTime, MediaTime) {
        let tag = tag.ticks();
        let mut time = self.next.unwrap_or(tag);
        let ahead = tag - time - self.offset;
        if ahead > MAX_LEAD {
            // Nothing was sent for a while (lost tags, a muted microphone): the receiver sees the gap as one.
            time += ahead;
        } else if ahead < -MAX_LAG {
            self.offset += ahead;
        } else {
            let most = i64::from(samples) / SLEW_DIVISOR;
            self.offset += ahead.clamp(-most, most);
        }
        self.next = Some(time + i64::from(samples));
        (MediaTime::new(time, CLOCK_RATE), MediaTime::new(time + self.offset, CLOCK_RATE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(ms: i64) -> MediaTime {
        MediaTime::from_millis(ms).rescale(CLOCK_RATE)
    }

    #[test]
    fn rounding_and_jitter_of_tags_do_not_show() {
        let mut clock = AudioClock::default();
        for packet in 0..1_000i64 {
            let jitter = [0, 7, -5, 12][packet as usize % 4];
            let (time, wallclock) = clock.next(millis(packet * 20 + jitter), 960);
            assert_eq!(time.ticks(), packet * 960);
            assert!((wallclock.ticks() - packet * 960).abs() <= 12 * 48);
        }
    }

    #[test]
    fn drift_moves_the_wall_clock_and_not_the_timestamps() {
        let mut clock = AudioClock::default();
        for packet in 0..60_000i64 {
            // Tags run 1,000 ppm slow.
            let tag = MediaTime::new(packet * 960 * 999 / 1_000, CLOCK_RATE);
            let (time, wallclock) = clock.next(tag, 960);
            assert_eq!(time.ticks(), packet * 960);
            assert!((wallclock.ticks() - tag.ticks()).abs() <= 48, "within 1 ms");
        }
    }

    #[test]
    fn a_gap_is_one_gap() {
        let mut clock = AudioClock::default();
        clock.next(millis(0), 960);
        let (time, wallclock) = clock.next(millis(2_000), 960);
        assert_eq!((time, wallclock), (millis(2_000), millis(2_000)));
        assert_eq!(clock.next(millis(2_020), 960).0, millis(2_020));
    }

    #[test]
    fn tags_far_behind_move_the_mapping_at_once_and_time_never_steps_back() {
        let mut clock = AudioClock::default();
        clock.next(millis(10_000), 960);
        let (time, wallclock) = clock.next(millis(5_000), 960);
        assert_eq!((time, wallclock), (millis(10_020), millis(5_000)));
    }
}
