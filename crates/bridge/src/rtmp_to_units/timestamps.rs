//! A publisher's 32-bit millisecond timestamps to one steady 64-bit time line (RTMP section 5.3.1: modulo 2^32, deltas
//! may be negative).
//!
//! Both tracks share the publisher's clock. A step that no stream makes (a restarted encoder, a clock set anew) is joined:
//! the time line goes on right behind what left last, and the other track follows by the same offset, so that sound and
//! picture stay together.

use rtmp_gateway_media::TrackKind;

/// Largest step forward, in ms, that is taken as a pause. A longer one is a clock set anew: passed on, it would make
/// players wait that long.
pub const MAX_FORWARD_STEP: i64 = 10_000;
/// Largest step backward, in ms, that is taken as disorder (and held at the last time). Encoders of phones step back by
/// some tens of ms when they switch cameras.
pub const MAX_BACKWARD_STEP: i64 = 500;
/// Distance, in ms, of a joined time line from what left last: about one frame.
const JOIN_STEP: i64 = 20;

/// One tag's place on the time line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapped {
    /// Decode time in ms: more than the track's last, except on its first.
    pub dts: i64,
    /// The time before it was made monotonic: what composition offsets count from.
    pub stream_time: i64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Track {
    /// Stream time minus the publisher's timestamp, modulo 2^32.
    offset: u32,
    last: Option<i64>,
}

/// Maps timestamps; the first tag is at 0.
#[derive(Debug, Default)]
pub struct TimestampMapper {
    offset: u32,
    tracks: [Track; 2],
    discontinuities: u64,
}

impl TimestampMapper {
    /// Times the time line was joined.
    pub fn discontinuities(&self) -> u64 {
        self.discontinuities
    }

    /// The place of a tag with `timestamp` on the time line.
    pub fn map(&mut self, kind: TrackKind, timestamp: u32) -> Mapped {
        let index = match kind {
            TrackKind::Audio => 0,
            TrackKind::Video => 1,
        };
        let Some(latest) = self.latest() else {
            self.offset = 0u32.wrapping_sub(timestamp);
            return self.place(index, Track { offset: self.offset, last: None }, 0);
        };
        let mut track = self.tracks.get(index).copied().unwrap_or_default();
        if track.last.is_none() {
            track.offset = self.offset;
        }
        let mut stream_time = unwrap(timestamp.wrapping_add(track.offset), latest);
        if !is_near(stream_time, track.last, latest) {
            // The other track may have been joined already: then this one follows it.
            stream_time = unwrap(timestamp.wrapping_add(self.offset), latest);
            if !is_near(stream_time, track.last, latest) {
                stream_time = latest + JOIN_STEP;
                self.offset = (stream_time as u32).wrapping_sub(timestamp);
                self.discontinuities += 1;
            }
            track.offset = self.offset;
        }
        self.place(index, track, stream_time)
    }

    fn place(&mut self, index: usize, mut track: Track, stream_time: i64) -> Mapped {
        let dts = track.last.map_or(stream_time, |last| stream_time.max(last + 1));
        track.last = Some(dts);
        if let Some(slot) = self.tracks.get_mut(index) {
            *slot = track;
        }
        Mapped { dts, stream_time }
    }

    fn latest(&self) -> Option<i64> {
        self.tracks.iter().filter_map(|track| track.last).max()
    }
}

/// The time nearest to `latest` whose low 32 bits are `time`.
fn unwrap(time: u32, latest: i64) -> i64 {
    latest + i64::from(time.wrapping_sub(latest as u32) as i32)
}

/// Whether a track that was at `last`, on a stream that is at `latest`, may go to `time`: a track that was muted may catch
/// up with the other one, however long that took.
fn is_near(time: i64, last: Option<i64>, latest: i64) -> bool {
    let floor = last.unwrap_or(latest - MAX_FORWARD_STEP) - MAX_BACKWARD_STEP;
    (floor..=latest + MAX_FORWARD_STEP).contains(&time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use TrackKind::{Audio, Video};

    fn dts(mapper: &mut TimestampMapper, kind: TrackKind, timestamp: u32) -> i64 {
        mapper.map(kind, timestamp).dts
    }

    #[test]
    fn starts_at_zero_and_keeps_the_tracks_together() {
        let mut mapper = TimestampMapper::default();
        assert_eq!(dts(&mut mapper, Video, 1_000), 0);
        assert_eq!(dts(&mut mapper, Audio, 990), -10);
        assert_eq!(dts(&mut mapper, Video, 1_040), 40);
        assert_eq!(dts(&mut mapper, Audio, 1_013), 13);
        assert_eq!(mapper.discontinuities(), 0);
    }

    #[test]
    fn hostile_19_wraps_at_49_7_days() {
        let mut mapper = TimestampMapper::default();
        let start = u32::MAX - 100;
        for step in 0..20u32 {
            let expected = i64::from(step * 20);
            assert_eq!(dts(&mut mapper, Video, start.wrapping_add(step * 20)), expected);
            assert_eq!(dts(&mut mapper, Audio, start.wrapping_add(step * 20 + 5)), expected + 5);
        }
        assert_eq!(mapper.discontinuities(), 0);
    }

    #[test]
    fn hostile_19_jumps_are_joined_once_and_for_both_tracks() {
        for jump in [0x8000_0000u32, 3_600_000, 0u32.wrapping_sub(3_600_000), 60_000, 0u32.wrapping_sub(600)] {
            let mut mapper = TimestampMapper::default();
            let mut last = [i64::MIN; 2];
            let mut skew = Vec::new();
            for frame in 0..200u32 {
                let clock = 7_200_000 + frame * 20;
                let clock = if frame >= 100 { clock.wrapping_add(jump) } else { clock };
                let video = dts(&mut mapper, Video, clock);
                // Audio crosses the jump one frame later, still with the old clock once.
                let clock = if frame == 100 { 7_200_000 + frame * 20 } else { clock };
                let audio = dts(&mut mapper, Audio, clock);
                assert!(video > last[0] && audio > last[1], "monotonic with jump {jump}");
                assert!(video - last[0].max(0) < 200 && audio - last[1].max(0) < 200, "no jump passed on ({jump})");
                last = [video, audio];
                skew.push((video - audio).abs());
            }
            assert!(skew.iter().all(|skew| *skew <= 2 * JOIN_STEP), "together after jump {jump}: {skew:?}");
            assert_eq!(mapper.discontinuities(), 1, "jump {jump}");
        }
    }

    #[test]
    fn disorder_is_held_and_recovers() {
        let mut mapper = TimestampMapper::default();
        let mapped: Vec<i64> = [0, 40, 80, 60, 120].map(|t| dts(&mut mapper, Video, t)).to_vec();
        assert_eq!(mapped, [0, 40, 80, 81, 120]);
        assert_eq!(mapper.map(Video, 110), Mapped { dts: 121, stream_time: 110 });
    }

    #[test]
    fn a_pause_is_kept_and_a_muted_track_catches_up() {
        let mut mapper = TimestampMapper::default();
        dts(&mut mapper, Video, 0);
        assert_eq!(dts(&mut mapper, Video, 9_000), 9_000, "a pause of both");
        for t in 1..100 {
            dts(&mut mapper, Audio, 9_000 + t * 1_000);
        }
        assert_eq!(dts(&mut mapper, Video, 108_040), 108_040, "the camera was off for 99 s");
        assert_eq!(mapper.discontinuities(), 0);
    }

    proptest::proptest! {
        #[test]
        fn hostile_19_any_timestamps_give_monotonic_steps(
            tags in proptest::collection::vec((proptest::prelude::any::<bool>(), proptest::prelude::any::<u32>()), 0..200)
        ) {
            let mut mapper = TimestampMapper::default();
            let mut last: [Option<i64>; 2] = [None; 2];
            let mut latest: Option<i64> = None;
            for (audio, timestamp) in tags {
                let dts = dts(&mut mapper, if audio { Audio } else { Video }, timestamp);
                proptest::prop_assert!(last[usize::from(audio)].is_none_or(|last| dts > last));
                proptest::prop_assert!(latest.is_none_or(|latest| dts <= latest + MAX_FORWARD_STEP));
                last[usize::from(audio)] = Some(dts);
                latest = latest.max(Some(dts));
            }
        }
    }
}
