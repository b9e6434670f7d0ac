//! Silence where a sound track stays away (RFC 6716 section 3.1: a packet that decodes to silence).

use bytes::Bytes;
use rtmp_gateway_media::{MediaTime, OpusConfig};

/// CELT, fullband, stereo, 20 ms: a frame that says "silent".
const SILENCE: &[u8] = &[0xfc, 0xff, 0xfe];
/// Samples of one.
const SILENCE_SAMPLES: i64 = 960;
/// How far sound may stay behind the video, in samples (600 ms), before silence takes its place. Senders in DTX refresh
/// every 400 ms.
const PATIENCE: i64 = 28_800;
/// How far behind the video silence is made, in samples (100 ms), so that sound that comes back still finds its place.
const MARGIN: i64 = 4_800;
/// Most packets of silence made at once (12 s): after a longer absence it starts anew beside the video.
const MAX_PACKETS: i64 = 600;

/// Where the sound ends, and what has to be put behind it.
#[derive(Debug, Default)]
pub(super) struct SilenceFiller {
    /// End of the sound so far, in samples; `None` before the first packet.
    end: Option<i64>,
    filling: bool,
}

impl SilenceFiller {
    /// Takes note of a packet; false when silence has taken its place already.
    pub(super) fn handle_packet(&mut self, time: MediaTime, samples: u32) -> bool {
        let start = time.ticks();
        if self.filling && self.end.is_some_and(|end| start < end) {
            return false;
        }
        self.filling = false;
        self.end = Some(start.saturating_add(i64::from(samples)));
        true
    }

    /// The next packet of silence when the video is at `video_time`, with its time.
    pub(super) fn poll(&mut self, video_time: MediaTime) -> Option<(MediaTime, Bytes)> {
        let video = video_time.rescale(OpusConfig::CLOCK_RATE).ticks();
        let end = self.end?;
        let behind = video.saturating_sub(end);
        let allowed = if self.filling { MARGIN + SILENCE_SAMPLES } else { PATIENCE };
        if behind < allowed {
            return None;
        }
        self.filling = true;
        Some(self.make(end.max(video.saturating_sub(MAX_PACKETS * SILENCE_SAMPLES))))
    }

    /// The next packet of silence between what was filled and sound that comes back at `time`.
    pub(super) fn poll_before(&mut self, time: MediaTime) -> Option<(MediaTime, Bytes)> {
        let end = self.end.filter(|_| self.filling)?;
        let missing = time.ticks().saturating_sub(end);
        (SILENCE_SAMPLES..PATIENCE).contains(&missing).then(|| self.make(end))
    }

    fn make(&mut self, start: i64) -> (MediaTime, Bytes) {
        self.end = Some(start.saturating_add(SILENCE_SAMPLES));
        (MediaTime::new(start, OpusConfig::CLOCK_RATE), Bytes::from_static(SILENCE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(ticks: i64) -> MediaTime {
        MediaTime::new(ticks, OpusConfig::CLOCK_RATE)
    }

    #[test]
    fn nothing_before_the_first_sound_and_not_during_dtx() {
        let mut filler = SilenceFiller::default();
        assert!(filler.poll(samples(1_000_000)).is_none());
        assert!(filler.handle_packet(samples(0), 960));
        assert!(filler.poll(samples(960 + 19_200)).is_none(), "400 ms of DTX");
        assert!(filler.handle_packet(samples(20_160), 960));
    }

    #[test]
    fn silence_follows_the_video_and_late_sound_is_refused() {
        let mut filler = SilenceFiller::default();
        filler.handle_packet(samples(0), 960);
        let mut expected = 960;
        for frame in 1..100 {
            while let Some((time, _)) = filler.poll(samples(frame * 1_600)) {
                assert_eq!(time.ticks(), expected, "without gaps");
                expected += 960;
            }
        }
        assert!((99 * 1_600 - expected) < MARGIN + 2 * SILENCE_SAMPLES);
        assert!(!filler.handle_packet(samples(1_920), 960));
        assert!(filler.poll_before(samples(expected + 959)).is_none());
        assert_eq!(filler.poll_before(samples(expected + 1_060)).map(|(time, _)| time.ticks()), Some(expected));
        expected += 960;
        assert!(filler.handle_packet(samples(expected + 100), 960));
        assert!(filler.poll_before(samples(expected + 3_000)).is_none(), "only behind silence");
        assert!(filler.poll(samples(expected + 10_000)).is_none());
    }

    #[test]
    fn a_jump_of_the_video_makes_a_bounded_number() {
        let mut filler = SilenceFiller::default();
        filler.handle_packet(samples(0), 960);
        let made = std::iter::from_fn(|| filler.poll(samples(i64::MAX / 4))).count();
        assert!((500..=600).contains(&made), "{made}");
    }
}
