//! Headers in front of outgoing audio and video payloads: legacy for H.264 and AAC, which every player reads, else FourCC.

use crate::{audio, four_cc, video};
use rtmp_gateway_media::{CodecConfig, FourCc, TrackKind};

/// First byte of every AAC tag: the rate, size and channel bits are fixed (annex E.4.2.1), the configuration counts.
const AAC_FIRST_BYTE: u8 = 0xaf;
const AVC_KEY: u8 = 0x17;
const AVC_INTER: u8 = 0x27;
const ENHANCED_AUDIO: u8 = 0x90;
const ENHANCED_VIDEO_KEY: u8 = 0x90;
const ENHANCED_VIDEO_INTER: u8 = 0xa0;
/// Longest header: enhanced with a composition time.
const MAX_LENGTH: usize = 8;

/// The bytes of an audio or video message before its payload, held inline so that sending a frame allocates nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyHeader {
    bytes: [u8; MAX_LENGTH],
    length: u8,
}

impl BodyHeader {
    /// The header before a track's configuration; the payload is what [`configuration_record`] gives.
    ///
    /// [`configuration_record`]: BodyHeader::configuration_record
    pub fn config(config: &CodecConfig) -> Self {
        match config {
            CodecConfig::H264(_) => Self::new(&[AVC_KEY, video::PACKET_SEQUENCE_START, 0, 0, 0]),
            CodecConfig::Aac(_) => Self::new(&[AAC_FIRST_BYTE, audio::PACKET_SEQUENCE_START]),
            CodecConfig::Opus(_) => Self::enhanced(ENHANCED_AUDIO | audio::PACKET_SEQUENCE_START, four_cc::OPUS),
            CodecConfig::Other(other) => {
                let first = match other.kind {
                    TrackKind::Audio => ENHANCED_AUDIO | audio::PACKET_SEQUENCE_START,
                    TrackKind::Video => ENHANCED_VIDEO_KEY | video::PACKET_SEQUENCE_START,
                };
                Self::enhanced(first, other.four_cc)
            }
        }
    }

    /// The payload of a track's configuration message.
    pub fn configuration_record(config: &CodecConfig) -> bytes::Bytes {
        match config {
            CodecConfig::H264(config) => config.record().clone(),
            CodecConfig::Aac(config) => config.record().clone(),
            CodecConfig::Opus(config) => config.head(),
            CodecConfig::Other(other) => other.record.clone(),
        }
    }

    /// The header before a coded frame; `composition_time` in ms is clamped to 24 signed bits and unused for audio.
    pub fn frame(config: &CodecConfig, keyframe: bool, composition_time: i64) -> Self {
        let [_, a, b, c] = (composition_time.clamp(-0x80_0000, 0x7f_ffff) as i32).to_be_bytes();
        match config {
            CodecConfig::H264(_) => {
                let first = if keyframe { AVC_KEY } else { AVC_INTER };
                Self::new(&[first, video::PACKET_CODED_FRAMES, a, b, c])
            }
            CodecConfig::Aac(_) => Self::new(&[AAC_FIRST_BYTE, audio::PACKET_CODED_FRAMES]),
            CodecConfig::Opus(_) => Self::enhanced(ENHANCED_AUDIO | audio::PACKET_CODED_FRAMES, four_cc::OPUS),
            CodecConfig::Other(other) if other.kind == TrackKind::Audio => {
                Self::enhanced(ENHANCED_AUDIO | audio::PACKET_CODED_FRAMES, other.four_cc)
            }
            CodecConfig::Other(other) => {
                let frame_type = if keyframe { ENHANCED_VIDEO_KEY } else { ENHANCED_VIDEO_INTER };
                let timed = composition_time != 0 && four_cc::has_composition_time(other.four_cc);
                if !timed {
                    let packet_type = match four_cc::has_composition_time(other.four_cc) {
                        true => video::PACKET_CODED_FRAMES_X,
                        false => video::PACKET_CODED_FRAMES,
                    };
                    return Self::enhanced(frame_type | packet_type, other.four_cc);
                }
                let [f, o, u, r] = other.four_cc.0;
                Self::new(&[frame_type | video::PACKET_CODED_FRAMES, f, o, u, r, a, b, c])
            }
        }
    }

    /// The body (header only) that ends a track's sequence, or `None` for Opus and others where nothing waits for it.
    pub fn end_of_sequence(config: &CodecConfig) -> Option<Self> {
        match config {
            CodecConfig::H264(_) => Some(Self::new(&[AVC_KEY, video::PACKET_SEQUENCE_END, 0, 0, 0])),
            CodecConfig::Other(other) if other.kind == TrackKind::Video => {
                Some(Self::enhanced(ENHANCED_VIDEO_KEY | video::PACKET_SEQUENCE_END, other.four_cc))
            }
            _ => None,
        }
    }

    fn enhanced(first: u8, code: FourCc) -> Self {
        let [f, o, u, r] = code.0;
        Self::new(&[first, f, o, u, r])
    }

    fn new(header: &[u8]) -> Self {
        let mut bytes = [0; MAX_LENGTH];
        bytes.iter_mut().zip(header).for_each(|(to, from)| *to = *from);
        Self { bytes, length: header.len().min(MAX_LENGTH) as u8 }
    }

    /// The bytes, 2 to 8 of them.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or(&self.bytes)
    }

    /// How many bytes.
    pub fn len(&self) -> usize {
        usize::from(self.length)
    }

    /// Never: every header has bytes.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl AsRef<[u8]> for BodyHeader {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Packet, parse_audio, parse_video};
    use bytes::Bytes;
    use rtmp_gateway_media::{AacConfig, H264Config, OpusConfig, OtherConfig};

    const SPS: &[u8] = &[
        0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f, 0xf9, 0x70, 0x11, 0, 0, 3, 0, 1, 0, 0, 3, 0, 0x32, 0x0f, 0x16,
        0x2e, 0x48,
    ];

    fn configs() -> Vec<CodecConfig> {
        let h264 = H264Config::from_parameter_sets(&[SPS.into()], &[Bytes::from_static(&[0x68, 0xcb, 0x83])]).unwrap();
        let other = |kind, four_cc| OtherConfig { kind, four_cc, record: Bytes::from_static(b"record") };
        vec![
            CodecConfig::H264(h264),
            CodecConfig::Aac(AacConfig::lc(48_000, 2).unwrap()),
            CodecConfig::Opus(OpusConfig { channels: 2, pre_skip: 312 }),
            CodecConfig::Other(other(TrackKind::Video, four_cc::HEVC)),
            CodecConfig::Other(other(TrackKind::Video, four_cc::AV1)),
            CodecConfig::Other(other(TrackKind::Audio, four_cc::FLAC)),
        ]
    }

    fn parse(config: &CodecConfig, header: BodyHeader, payload: &[u8]) -> Packet {
        let body = Bytes::from([header.as_bytes(), payload].concat());
        let parsed = if config.kind() == TrackKind::Video { parse_video(&body) } else { parse_audio(&body) };
        parsed.unwrap().packet
    }

    #[test]
    fn configurations_round_trip() {
        for config in configs() {
            let record = BodyHeader::configuration_record(&config);
            let packet = parse(&config, BodyHeader::config(&config), &record);
            assert!(matches!(packet, Packet::Config { record: read, .. } if read == record), "{config:?}");
        }
    }

    #[test]
    fn frames_round_trip() {
        for config in configs() {
            for (key, composition) in [(true, 0), (false, 80), (false, -40), (false, i64::MAX)] {
                let packet = parse(&config, BodyHeader::frame(&config, key, composition), b"xyz");
                let Packet::Frame { keyframe, composition_time, payload, .. } = packet else { panic!() };
                assert_eq!(&payload[..], b"xyz");
                let (video, reorders) = match &config {
                    CodecConfig::H264(_) => (true, true),
                    CodecConfig::Other(other) => {
                        (other.kind == TrackKind::Video, four_cc::has_composition_time(other.four_cc))
                    }
                    _ => (false, false),
                };
                assert_eq!(keyframe, key || !video);
                let expected = if reorders { composition.min(0x7f_ffff) as i32 } else { 0 };
                assert_eq!(composition_time, expected, "{config:?}");
            }
        }
    }

    #[test]
    fn ends_of_sequences_parse() {
        for config in configs() {
            if let Some(header) = BodyHeader::end_of_sequence(&config) {
                assert!(matches!(parse(&config, header, &[]), Packet::EndOfSequence { .. }));
            }
        }
    }
}
