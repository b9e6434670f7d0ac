//! One continuous time line for a stream, whatever its publishers' clocks start at.
//!
//! Each publisher brings timestamps of its own. The first unit after a change of publisher is put behind the last one by the
//! time that really passed, so that viewers who stay see time go on.

use rtmp_gateway_media::{MediaTime, Unit};
use std::time::Instant;

/// Maps units of successive publishers onto one time line that starts at 0.
#[derive(Debug, Default)]
pub(crate) struct StreamTimeline {
    /// Microseconds added to a unit's time; `None` until the current publisher's first unit.
    offset: Option<i64>,
    /// Latest time given out, in microseconds, and when.
    last: Option<(i64, Instant)>,
}

impl StreamTimeline {
    /// The next unit comes from another publisher.
    pub(crate) fn publisher_changed(&mut self) {
        self.offset = None;
    }

    /// The stream's present: its latest time plus what has passed since; `None` before the first unit.
    pub(crate) fn present(&self, now: Instant) -> Option<MediaTime> {
        let (last, at) = self.last?;
        let passed = i64::try_from(now.saturating_duration_since(at).as_micros()).unwrap_or(i64::MAX);
        Some(MediaTime::new(last.saturating_add(passed), 1_000_000))
    }

    /// Moves a unit onto the stream's time line.
    pub(crate) fn place(&mut self, now: Instant, unit: &mut Unit) {
        let time = unit.dts.as_micros();
        let offset = *self.offset.get_or_insert_with(|| match self.last {
            None => time.saturating_neg(),
            Some((last, at)) => {
                let passed = now.saturating_duration_since(at).as_micros().max(1_000);
                last.saturating_add(i64::try_from(passed).unwrap_or(i64::MAX)).saturating_sub(time)
            }
        });
        unit.dts = shift(unit.dts, offset);
        unit.pts = shift(unit.pts, offset);
        let placed = time.saturating_add(offset);
        if self.last.is_none_or(|(last, _)| placed > last) {
            self.last = Some((placed, now));
        }
    }
}

fn shift(time: MediaTime, micros: i64) -> MediaTime {
    time.offset(MediaTime::new(micros, 1_000_000).rescale(time.clock_rate()).ticks())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use rtmp_gateway_media::{AacConfig, CodecConfig};
    use std::sync::Arc;
    use std::time::Duration;

    fn unit(milliseconds: i64) -> Unit {
        let config = Arc::new(CodecConfig::Aac(AacConfig::lc(48_000, 2).expect("valid")));
        let time = MediaTime::from_millis(milliseconds);
        Unit { payload: Bytes::new(), dts: time, pts: time.offset(7), keyframe: true, config }
    }

    #[test]
    fn starts_at_zero_and_goes_on_over_a_change_of_publisher() {
        let mut timeline = StreamTimeline::default();
        let start = Instant::now();
        let place = |timeline: &mut StreamTimeline, at: u64, milliseconds: i64| {
            let mut unit = unit(milliseconds);
            timeline.place(start + Duration::from_millis(at), &mut unit);
            assert_eq!(unit.composition_offset(), 7);
            unit.dts.as_millis()
        };
        assert_eq!(place(&mut timeline, 0, 90_000), 0);
        assert_eq!(place(&mut timeline, 20, 90_020), 20);
        timeline.publisher_changed();
        assert_eq!(place(&mut timeline, 3_020, 5), 3_020, "the pause counts");
        assert_eq!(place(&mut timeline, 3_040, 25), 3_040);
        assert_eq!(place(&mut timeline, 3_041, 20), 3_035, "a unit a little older keeps its place");
    }
}
