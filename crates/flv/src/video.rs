//! Video tag bodies (Adobe FLV annex E.4.3.1; enhanced RTMP version 2, "Enhanced Video").

use crate::{FlvError, Packet, ParsedBody, cursor::Cursor, extended, four_cc};
use bytes::Bytes;
use rtmp_gateway_media::{FourCc, TrackKind};

const FRAME_KEY: u8 = 1;
const FRAME_GENERATED_KEY: u8 = 4;
const FRAME_COMMAND: u8 = 5;

const CODEC_AVC: u8 = 7;
/// HEVC behind a legacy header: never specified, but cameras and encoders of Chinese CDNs send it.
const CODEC_HEVC: u8 = 12;

pub(crate) const PACKET_SEQUENCE_START: u8 = 0;
pub(crate) const PACKET_CODED_FRAMES: u8 = 1;
pub(crate) const PACKET_SEQUENCE_END: u8 = 2;
pub(crate) const PACKET_CODED_FRAMES_X: u8 = 3;
const PACKET_METADATA: u8 = 4;
const PACKET_MPEG2TS_SEQUENCE_START: u8 = 5;
const PACKET_MULTITRACK: u8 = 6;

/// Parses the body of a video message or tag; payloads are slices of `body`.
///
/// Errors: [`FlvError`] with the byte offset; the stream can go on with the next tag.
pub fn parse_video(body: &Bytes) -> Result<ParsedBody, FlvError> {
    let mut cursor = Cursor::new(body, "video tag");
    let first = cursor.u8()?;
    if first & 0x80 != 0 { parse_enhanced(&mut cursor, first) } else { parse_legacy(&mut cursor, first) }
}

fn parse_legacy(cursor: &mut Cursor<'_>, first: u8) -> Result<ParsedBody, FlvError> {
    let frame_type = first >> 4;
    if frame_type == FRAME_COMMAND {
        return Ok(ParsedBody::single(Packet::Ignored));
    }
    let four_cc = match first & 0x0f {
        CODEC_AVC => four_cc::AVC,
        CODEC_HEVC => four_cc::HEVC,
        id => return Err(FlvError::UnsupportedCodec { kind: "video", id }),
    };
    let packet_type = cursor.u8()?;
    let composition_time = cursor.s24()?;
    let packet = match packet_type {
        PACKET_SEQUENCE_START => Packet::Config { four_cc, record: cursor.rest() },
        PACKET_CODED_FRAMES => {
            Packet::Frame { four_cc, keyframe: is_key(frame_type), composition_time, payload: cursor.rest() }
        }
        PACKET_SEQUENCE_END => Packet::EndOfSequence { four_cc },
        other => {
            let value = u32::from(other);
            return Err(FlvError::BadValue { field: "AVCPacketType", value, offset: cursor.offset() });
        }
    };
    Ok(ParsedBody::single(packet))
}

fn parse_enhanced(cursor: &mut Cursor<'_>, first: u8) -> Result<ParsedBody, FlvError> {
    let frame_type = (first >> 4) & 7;
    let (packet_type, timestamp_offset) = extended::skip_modifiers(cursor, first & 0x0f)?;
    if frame_type == FRAME_COMMAND && packet_type != PACKET_METADATA {
        return Ok(ParsedBody::single(Packet::Ignored));
    }
    let parse = |packet_type, four_cc, body: &Bytes| parse_track(packet_type, four_cc, frame_type, body);
    let mut parsed = if packet_type == PACKET_MULTITRACK {
        extended::parse_multitrack(cursor, TrackKind::Video, PACKET_MULTITRACK, parse)?
    } else {
        let four_cc = cursor.four_cc(TrackKind::Video)?;
        ParsedBody::single(parse(packet_type, four_cc, &cursor.rest())?)
    };
    parsed.timestamp_offset = timestamp_offset;
    Ok(parsed)
}

fn parse_track(packet_type: u8, four_cc: FourCc, frame_type: u8, body: &Bytes) -> Result<Packet, FlvError> {
    let mut cursor = Cursor::new(body, "video track");
    match packet_type {
        PACKET_SEQUENCE_START => Ok(Packet::Config { four_cc, record: cursor.rest() }),
        PACKET_CODED_FRAMES | PACKET_CODED_FRAMES_X => {
            let timed = packet_type == PACKET_CODED_FRAMES && four_cc::has_composition_time(four_cc);
            let composition_time = if timed { cursor.s24()? } else { 0 };
            Ok(Packet::Frame { four_cc, keyframe: is_key(frame_type), composition_time, payload: cursor.rest() })
        }
        PACKET_SEQUENCE_END => Ok(Packet::EndOfSequence { four_cc }),
        PACKET_METADATA | PACKET_MPEG2TS_SEQUENCE_START => Ok(Packet::Ignored),
        other => Err(FlvError::BadValue { field: "VideoPacketType", value: u32::from(other), offset: 0 }),
    }
}

const fn is_key(frame_type: u8) -> bool {
    matches!(frame_type, FRAME_KEY | FRAME_GENERATED_KEY)
}

#[cfg(test)]
mod tests;
