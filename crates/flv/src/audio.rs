//! Audio tag bodies (Adobe FLV annex E.4.2.1; enhanced RTMP version 2, "Enhanced Audio").

use crate::{FlvError, Packet, ParsedBody, cursor::Cursor, extended, four_cc};
use bytes::Bytes;
use rtmp_gateway_media::{FourCc, TrackKind};

const SOUND_ENHANCED: u8 = 9;
const SOUND_AAC: u8 = 10;

pub(crate) const PACKET_SEQUENCE_START: u8 = 0;
pub(crate) const PACKET_CODED_FRAMES: u8 = 1;
pub(crate) const PACKET_SEQUENCE_END: u8 = 2;
const PACKET_MULTICHANNEL_CONFIG: u8 = 4;
const PACKET_MULTITRACK: u8 = 5;

/// Parses the body of an audio message or tag; payloads are slices of `body`.
///
/// Errors: [`FlvError`] with the byte offset; the stream can go on with the next tag.
pub fn parse_audio(body: &Bytes) -> Result<ParsedBody, FlvError> {
    let mut cursor = Cursor::new(body, "audio tag");
    let first = cursor.u8()?;
    match first >> 4 {
        SOUND_AAC => {
            let packet_type = cursor.u8()?;
            Ok(ParsedBody::single(parse_track(packet_type, four_cc::AAC, &cursor.rest())?))
        }
        SOUND_ENHANCED => parse_enhanced(&mut cursor, first),
        id => Err(FlvError::UnsupportedCodec { kind: "audio", id }),
    }
}

fn parse_enhanced(cursor: &mut Cursor<'_>, first: u8) -> Result<ParsedBody, FlvError> {
    let (packet_type, timestamp_offset) = extended::skip_modifiers(cursor, first & 0x0f)?;
    let mut parsed = if packet_type == PACKET_MULTITRACK {
        extended::parse_multitrack(cursor, TrackKind::Audio, PACKET_MULTITRACK, parse_track)?
    } else {
        let four_cc = cursor.four_cc(TrackKind::Audio)?;
        ParsedBody::single(parse_track(packet_type, four_cc, &cursor.rest())?)
    };
    parsed.timestamp_offset = timestamp_offset;
    Ok(parsed)
}

fn parse_track(packet_type: u8, four_cc: FourCc, body: &Bytes) -> Result<Packet, FlvError> {
    match packet_type {
        PACKET_SEQUENCE_START => Ok(Packet::Config { four_cc, record: body.clone() }),
        PACKET_CODED_FRAMES => {
            Ok(Packet::Frame { four_cc, keyframe: true, composition_time: 0, payload: body.clone() })
        }
        PACKET_SEQUENCE_END => Ok(Packet::EndOfSequence { four_cc }),
        PACKET_MULTICHANNEL_CONFIG => Ok(Packet::Ignored),
        other => Err(FlvError::BadValue { field: "AudioPacketType", value: u32::from(other), offset: 0 }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtmp_gateway_media::OpusConfig;

    fn parse(bytes: &[u8]) -> Result<ParsedBody, FlvError> {
        parse_audio(&Bytes::copy_from_slice(bytes))
    }

    #[test]
    fn aac_legacy_and_enhanced() {
        let record = Bytes::from_static(&[0x12, 0x10]);
        assert_eq!(parse(&[0xaf, 0, 0x12, 0x10]).unwrap().packet, Packet::Config { four_cc: four_cc::AAC, record });
        for body in [&[0xafu8, 1, 7, 8][..], b"\x91mp4a\x07\x08"] {
            let Packet::Frame { four_cc, keyframe, payload, .. } = parse(body).unwrap().packet else { panic!() };
            assert_eq!((four_cc, keyframe, &payload[..]), (four_cc::AAC, true, &[7u8, 8][..]));
        }
    }

    #[test]
    fn opus_and_the_rest() {
        let mut body = b"\x90Opus".to_vec();
        body.extend(OpusConfig { channels: 2, pre_skip: 312 }.head());
        let Packet::Config { four_cc, record } = parse(&body).unwrap().packet else { panic!() };
        assert_eq!(four_cc, four_cc::OPUS);
        assert!(OpusConfig::parse_head(&record).is_ok());
        assert_eq!(parse(b"\x94Opus\x01\x02").unwrap().packet, Packet::Ignored, "channel layout");
        assert_eq!(parse(b"\x92ac-3").unwrap().packet, Packet::EndOfSequence { four_cc: four_cc::AC3 });
    }

    #[test]
    fn payloads_are_slices_of_the_body() {
        let body = Bytes::from_static(&[0xaf, 1, 7, 8]);
        let Packet::Frame { payload, .. } = parse_audio(&body).unwrap().packet else { panic!() };
        assert_eq!(payload.as_ptr(), body[2..].as_ptr());
    }

    #[test]
    fn hostile_36_short_audio_tags() {
        assert_eq!(parse(&[]), Err(FlvError::Short { what: "audio tag", offset: 0 }));
        assert_eq!(parse(&[0xaf]), Err(FlvError::Short { what: "audio tag", offset: 1 }));
        assert_eq!(parse(&[0xaf]).unwrap_err().code(), "FLV_SHORT_TAG");
        // A raw tag without a byte of AAC is for the adapter to drop, not a parse error.
        assert!(parse(&[0xaf, 1]).is_ok());
        assert!(parse(&[0xaf, 7]).is_err());
        assert!(matches!(parse(&[0x2f, 1, 2]), Err(FlvError::UnsupportedCodec { kind: "audio", id: 2 })));
    }

    #[test]
    fn hostile_45_multitrack_audio() {
        // Two tracks of one codec: the second is skipped and counted.
        let parsed = parse(b"\x95\x11Opus\x00\x00\x00\x02ab\x01\x00\x00\x01c").unwrap();
        assert_eq!(parsed.skipped_tracks, 1);
        let Packet::Frame { payload, .. } = parsed.packet else { panic!() };
        assert_eq!(&payload[..], b"ab");
        // Only a foreign track: nothing to do, but counted.
        let parsed = parse(b"\x95\x01Opus\x03abc").unwrap();
        assert_eq!((parsed.packet, parsed.skipped_tracks), (Packet::Ignored, 1));
        // A video codec in an audio tag.
        assert!(matches!(parse(b"\x91avc1xx"), Err(FlvError::UnknownFourCc(_))));
    }
}
