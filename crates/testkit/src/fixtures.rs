//! Output of real encoders, small enough to commit; `fixtures/make.sh` made it.

use bytes::Bytes;

/// H.264 baseline, 160x120, 25 frames at 25 fps, one IDR: a byte stream (ITU-T H.264 annex B).
pub const BASELINE_H264: &[u8] = include_bytes!("../fixtures/baseline.h264");
/// The same with a 440 Hz tone in AAC-LC, 48 kHz stereo, 1 s: an FLV file.
pub const BASELINE_AAC_FLV: &[u8] = include_bytes!("../fixtures/baseline_aac.flv");
/// H.264 with two B-frames between P-frames, none of them a reference; 50 frames, two IDRs: an FLV file.
pub const BFRAMES_FLV: &[u8] = include_bytes!("../fixtures/bframes.flv");
/// H.264 with a B-pyramid and one reference frame (as OBS's defaults); 50 frames, two IDRs: an FLV file.
pub const PYRAMID_REF1_FLV: &[u8] = include_bytes!("../fixtures/pyramid_ref1.flv");
/// H.264 with a B-pyramid and four reference frames: P-frames refer to B-frames; 50 frames, two IDRs: an FLV file.
pub const PYRAMID_REF4_FLV: &[u8] = include_bytes!("../fixtures/pyramid_ref4.flv");
/// AAC-LC, 48 kHz stereo, 440 Hz, 0.5 s: ADTS frames.
pub const AAC_48000_STEREO_ADTS: &[u8] = include_bytes!("../fixtures/aac_lc_48000_stereo.adts");
/// AAC-LC, 16 kHz mono, 440 Hz, 0.5 s: ADTS frames.
pub const AAC_16000_MONO_ADTS: &[u8] = include_bytes!("../fixtures/aac_lc_16000_mono.adts");

/// A tag of an FLV file, which is also an RTMP message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlvTag {
    /// 8 audio, 9 video, 18 script data.
    pub kind: u8,
    /// Milliseconds.
    pub timestamp: u32,
    /// The body.
    pub body: Bytes,
}

/// The tags of an FLV file, in order.
pub fn flv_tags(file: &'static [u8]) -> Vec<FlvTag> {
    let mut tags = Vec::new();
    let mut rest = file.get(13..).unwrap_or_default();
    while let Some(([kind, l0, l1, l2, t0, t1, t2, t3, _, _, _], after)) = rest.split_first_chunk::<11>() {
        let length = u32::from_be_bytes([0, *l0, *l1, *l2]) as usize;
        let Some((body, after)) = after.split_at_checked(length) else { break };
        let timestamp = u32::from_be_bytes([*t3, *t0, *t1, *t2]);
        tags.push(FlvTag { kind: *kind, timestamp, body: Bytes::from_static(body) });
        rest = after.get(4..).unwrap_or_default();
    }
    tags
}

/// The raw AAC frames of an ADTS file, without their headers.
pub fn adts_frames(file: &'static [u8]) -> Vec<Bytes> {
    let mut frames = Vec::new();
    let mut rest = file;
    while let Some(&[0xff, sync, _, a, b, c, _]) = rest.first_chunk::<7>() {
        let length = (usize::from(a & 3) << 11) | (usize::from(b) << 3) | usize::from(c >> 5);
        let header = if sync & 1 == 1 { 7 } else { 9 };
        let Some((frame, after)) = rest.split_at_checked(length.max(header)) else { break };
        frames.push(Bytes::from_static(frame.get(header..).unwrap_or_default()));
        rest = after;
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixtures_hold_what_they_promise() {
        let tags = flv_tags(BASELINE_AAC_FLV);
        let count = |kind| tags.iter().filter(|tag| tag.kind == kind).count();
        // Frames, the sequence header and the end of sequence.
        assert_eq!(count(9), 25 + 2);
        assert!(count(8) > 46);
        for file in [BFRAMES_FLV, PYRAMID_REF1_FLV, PYRAMID_REF4_FLV] {
            assert_eq!(flv_tags(file).iter().filter(|tag| tag.kind == 9).count(), 50 + 2);
        }
        assert!((23..=27).contains(&adts_frames(AAC_48000_STEREO_ADTS).len()));
        assert!(adts_frames(AAC_16000_MONO_ADTS).len() >= 8);
    }
}
