//! Numbered frames, so that a player can tell which it got.

use rtmp_gateway_rtmp::session::Media;
use rtmp_gateway_testkit::fixtures::{BASELINE_AAC_FLV, flv_tags};

fn config(kind: u8) -> Vec<u8> {
    let tag = flv_tags(BASELINE_AAC_FLV).into_iter().find(|tag| tag.kind == kind && tag.body[1] == 0);
    tag.unwrap().body.to_vec()
}

/// The sequence header of H.264 baseline, 160x120.
pub fn video_config() -> Vec<u8> {
    config(9)
}

/// The sequence header of AAC-LC, 48 kHz stereo.
pub fn audio_config() -> Vec<u8> {
    config(8)
}

/// An H.264 tag with one slice of at least `length` bytes that begins with `number`.
pub fn video(number: u32, keyframe: bool, length: usize) -> Vec<u8> {
    let slice = length.max(8);
    let mut body = vec![if keyframe { 0x17 } else { 0x27 }, 1, 0, 0, 0];
    body.extend_from_slice(&(slice as u32).to_be_bytes());
    body.push(if keyframe { 0x65 } else { 0x41 });
    body.extend_from_slice(&number.to_be_bytes());
    body.resize(9 + slice, 0x55);
    body
}

/// An AAC tag of at least `length` payload bytes that begins with `number`.
pub fn audio(number: u32, length: usize) -> Vec<u8> {
    let mut body = vec![0xAF, 1];
    body.extend_from_slice(&number.to_be_bytes());
    body.resize(2 + length.max(4), 0x55);
    body
}

/// The number of a frame made here; `None` for sequence headers and data.
pub fn number_of(media: &Media) -> Option<u32> {
    number_in(media.kind.type_id(), &media.body)
}

/// The same of an RTMP message or FLV tag of a type.
pub fn number_in(type_id: u8, body: &[u8]) -> Option<u32> {
    let at = match (type_id, body.get(1)) {
        (9, Some(1)) => 10,
        (8, Some(1)) => 2,
        _ => return None,
    };
    Some(u32::from_be_bytes(body.get(at..at + 4)?.try_into().unwrap()))
}
