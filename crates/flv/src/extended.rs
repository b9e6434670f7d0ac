//! The parts that audio and video share in enhanced RTMP version 2: `ModEx` prefixes and multitrack bodies.

use crate::{FlvError, Packet, ParsedBody, cursor::Cursor};
use bytes::Bytes;
use rtmp_gateway_media::{FourCc, TrackKind};

/// `PacketType` that a modifier follows, the same for audio and video.
pub(crate) const PACKET_MOD_EX: u8 = 7;
/// `ModExType` that carries a nanosecond offset.
const MOD_EX_TIMESTAMP_OFFSET_NANO: u8 = 0;
/// Largest nanosecond offset: more would be a millisecond, which belongs into the timestamp.
const MAX_TIMESTAMP_OFFSET: u32 = 999_999;
/// Most modifiers on one tag; each is at least 3 bytes, one kind exists, so more is only meant to cost time.
const MAX_MODIFIERS: u32 = 8;
/// The track that is served; others are skipped and counted.
const SERVED_TRACK: u8 = 0;

const ONE_TRACK: u8 = 0;
const MANY_TRACKS: u8 = 1;
const MANY_TRACKS_MANY_CODECS: u8 = 2;

/// Reads `ModEx` prefixes until another packet type comes; gives that type and the nanosecond offset.
pub(crate) fn skip_modifiers(cursor: &mut Cursor<'_>, first_type: u8) -> Result<(u8, u32), FlvError> {
    let (mut packet_type, mut nanoseconds) = (first_type, 0);
    let mut modifiers = 0;
    while packet_type == PACKET_MOD_EX {
        modifiers += 1;
        if modifiers > MAX_MODIFIERS {
            return Err(FlvError::BadValue { field: "ModEx count", value: modifiers, offset: cursor.offset() });
        }
        let mut size = usize::from(cursor.u8()?) + 1;
        if size == 256 {
            size = usize::from(cursor.u16()?) + 1;
        }
        let data = cursor.take(size)?;
        let next = cursor.u8()?;
        if next >> 4 == MOD_EX_TIMESTAMP_OFFSET_NANO {
            let Some([a, b, c]) = data.first_chunk::<3>() else {
                return Err(FlvError::Short { what: "TimestampOffsetNano", offset: cursor.offset() });
            };
            nanoseconds = u32::from_be_bytes([0, *a, *b, *c]).min(MAX_TIMESTAMP_OFFSET);
        }
        packet_type = next & 0x0f;
    }
    Ok((packet_type, nanoseconds))
}

/// Reads a multitrack body: `parse` makes track 0's packet of (packet type, codec, body), the other tracks are counted.
pub(crate) fn parse_multitrack(
    cursor: &mut Cursor<'_>,
    kind: TrackKind,
    multitrack_type: u8,
    parse: impl Fn(u8, FourCc, &Bytes) -> Result<Packet, FlvError>,
) -> Result<ParsedBody, FlvError> {
    let types = cursor.u8()?;
    let (layout, packet_type) = (types >> 4, types & 0x0f);
    if layout > MANY_TRACKS_MANY_CODECS || packet_type == multitrack_type || packet_type == PACKET_MOD_EX {
        let value = u32::from(types);
        return Err(FlvError::BadValue { field: "multitrack type", value, offset: cursor.offset() });
    }
    let common = match layout {
        ONE_TRACK | MANY_TRACKS => Some(cursor.four_cc(kind)?),
        _ => None,
    };
    let mut parsed = ParsedBody::single(Packet::Ignored);
    let mut served = false;
    loop {
        let four_cc = match common {
            Some(four_cc) => four_cc,
            None => cursor.four_cc(kind)?,
        };
        let track = cursor.u8()?;
        let body = match layout {
            ONE_TRACK => cursor.rest(),
            _ => {
                let length = cursor.u24()? as usize;
                cursor.take(length)?
            }
        };
        if track == SERVED_TRACK && !served {
            served = true;
            parsed.packet = parse(packet_type, four_cc, &body)?;
        } else {
            parsed.skipped_tracks += 1;
        }
        if cursor.is_empty() {
            return Ok(parsed);
        }
    }
}
