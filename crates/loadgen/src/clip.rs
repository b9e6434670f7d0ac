//! What every stream consists of: H.264 frames of one size and AAC frames, all that a server may look at being real.
//!
//! The sequence headers are a real encoder's. Frames are a stamp and bytes without a zero in them; nobody decodes them.

use crate::options::Options;
use crate::stamp::{SEI_LENGTH, Stamp, wall_clock};
use bytes::{BufMut, Bytes, BytesMut};
use rtmp_gateway_rtmp::chunk::MediaKind;
use rtmp_gateway_testkit::fixtures::{BASELINE_AAC_FLV, flv_tags};
use std::time::Duration;

/// AAC: samples of a frame, and of a second.
const AUDIO_SAMPLES: u64 = 1_024;
const AUDIO_RATE: u64 = 48_000;
/// Seconds from keyframe to keyframe, as mobile pushers and OBS have them.
const KEYFRAME_SECONDS: u64 = 2;

/// A message that is due.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub kind: MediaKind,
    /// Milliseconds.
    pub timestamp: u32,
    pub body: Bytes,
}

/// One stream's messages in order.
#[derive(Debug, Clone)]
pub(crate) struct Clip {
    fps: u64,
    video: u64,
    audio: u64,
    video_filler: Bytes,
    audio_body: Option<Bytes>,
}

impl Clip {
    pub(crate) fn new(options: &Options) -> Self {
        let slice = options.video_bytes.saturating_sub(4 + SEI_LENGTH + 4 + 1).max(1);
        let audio_body = (options.audio_bytes > 0).then(|| {
            let mut body = BytesMut::with_capacity(2 + options.audio_bytes);
            body.put_slice(&[0xAF, 1]);
            body.put_bytes(0x21, options.audio_bytes);
            body.freeze()
        });
        Self {
            fps: u64::from(options.fps),
            video: 0,
            audio: 0,
            video_filler: Bytes::from(vec![0x5A; slice]),
            audio_body,
        }
    }

    /// The sequence headers, before all else.
    pub(crate) fn headers() -> Vec<Message> {
        let tags = flv_tags(BASELINE_AAC_FLV);
        [(9, MediaKind::Video), (8, MediaKind::Audio)]
            .into_iter()
            .filter_map(|(kind, media)| {
                let tag = tags.iter().find(|tag| tag.kind == kind)?;
                Some(Message { kind: media, timestamp: 0, body: tag.body.clone() })
            })
            .collect()
    }

    /// The time of one video frame.
    pub(crate) fn frame(&self) -> Duration {
        share_of_a_second(1, self.fps)
    }

    /// When the next message is due, from the start of the stream.
    pub(crate) fn next_due(&self) -> Duration {
        let video = self.video_at();
        if self.audio_body.is_some() { video.min(self.audio_at()) } else { video }
    }

    /// The next message, stamped with the present.
    pub(crate) fn next(&mut self) -> Message {
        let (video_at, audio_at) = (self.video_at(), self.audio_at());
        if let Some(body) = self.audio_body.as_ref().filter(|_| audio_at < video_at) {
            self.audio += 1;
            return Message { kind: MediaKind::Audio, timestamp: audio_at.as_millis() as u32, body: body.clone() };
        }
        let keyframe = self.video.is_multiple_of(self.fps * KEYFRAME_SECONDS);
        let sei = Stamp { number: self.video, sent: wall_clock() }.sei();
        self.video += 1;
        let mut body = BytesMut::with_capacity(5 + 4 + SEI_LENGTH + 5 + self.video_filler.len());
        body.put_slice(&[if keyframe { 0x17 } else { 0x27 }, 1, 0, 0, 0]);
        body.put_u32(SEI_LENGTH as u32);
        body.put_slice(&sei);
        body.put_u32(1 + self.video_filler.len() as u32);
        body.put_u8(if keyframe { 0x65 } else { 0x41 });
        body.put_slice(&self.video_filler);
        Message { kind: MediaKind::Video, timestamp: video_at.as_millis() as u32, body: body.freeze() }
    }

    fn video_at(&self) -> Duration {
        share_of_a_second(self.video, self.fps)
    }

    fn audio_at(&self) -> Duration {
        share_of_a_second(self.audio * AUDIO_SAMPLES, AUDIO_RATE)
    }
}

/// `parts` of which `whole` make a second, without adding up rounding errors.
fn share_of_a_second(parts: u64, whole: u64) -> Duration {
    Duration::from_nanos(parts * 1_000_000_000 / whole.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{Parsed, parse};

    #[test]
    fn a_second_has_its_frames_in_order_and_of_the_size_asked_for() {
        let line = ["fan-out", "--target", "127.0.0.1:1", "--video-bytes", "1000", "--audio-bytes", "100"];
        let Ok(Parsed::Run(options)) = parse(line.into_iter().map(str::to_owned)) else { panic!("good options") };
        let mut clip = Clip::new(&options);
        let (mut video, mut audio, mut last) = (0, 0, 0);
        while clip.next_due() < Duration::from_secs(1) {
            let message = clip.next();
            assert!(message.timestamp >= last);
            last = message.timestamp;
            match message.kind {
                MediaKind::Video => {
                    assert_eq!(message.body.len(), 5 + 1000);
                    assert_eq!(Stamp::find(&message.body).map(|stamp| stamp.number), Some(video));
                    video += 1;
                }
                _ => audio += 1,
            }
        }
        assert_eq!((video, audio), (30, 47));
        assert_eq!(Clip::headers().len(), 2);
    }
}
