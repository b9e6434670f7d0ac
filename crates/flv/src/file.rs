//! FLV file header and tag framing (Adobe FLV annex E.2 to E.4.1), as HTTP-FLV sends them.

use crate::FlvError;

/// Bytes of the file header with the first `PreviousTagSize`.
pub const FILE_HEADER_LENGTH: usize = 13;
/// Bytes of a tag header.
pub const TAG_HEADER_LENGTH: usize = 11;

const SIGNATURE: &[u8; 3] = b"FLV";
const VERSION: u8 = 1;
const FLAG_AUDIO: u8 = 4;
const FLAG_VIDEO: u8 = 1;
/// Bytes of the header proper, written into it.
const HEADER_SIZE: u32 = 9;

/// What a tag carries; the numbers are also RTMP's message types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TagKind {
    /// 8.
    Audio,
    /// 9.
    Video,
    /// 18.
    Script,
}

impl TagKind {
    /// The tag type byte.
    pub const fn value(self) -> u8 {
        match self {
            Self::Audio => 8,
            Self::Video => 9,
            Self::Script => 18,
        }
    }
}

/// A tag's header fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileTag {
    /// What it carries; `None` for a type this gateway does not know (skip it by its length).
    pub kind: Option<TagKind>,
    /// Bytes of the body that follows, 0..=16,777,215.
    pub length: u32,
    /// Milliseconds, all 32 bits.
    pub timestamp: u32,
}

/// The start of a file or HTTP-FLV response, including the first `PreviousTagSize` (0).
pub const fn file_header(has_audio: bool, has_video: bool) -> [u8; FILE_HEADER_LENGTH] {
    let flags = (if has_audio { FLAG_AUDIO } else { 0 }) | (if has_video { FLAG_VIDEO } else { 0 });
    let [f, l, v] = *SIGNATURE;
    let [a, b, c, d] = HEADER_SIZE.to_be_bytes();
    [f, l, v, VERSION, flags, a, b, c, d, 0, 0, 0, 0]
}

/// The header before a tag body of `length` bytes (its low 24 bits count).
pub const fn tag_header(kind: TagKind, length: u32, timestamp: u32) -> [u8; TAG_HEADER_LENGTH] {
    let [_, l0, l1, l2] = length.to_be_bytes();
    let [extended, t0, t1, t2] = timestamp.to_be_bytes();
    [kind.value(), l0, l1, l2, t0, t1, t2, extended, 0, 0, 0]
}

/// The four bytes after a tag body of `length` bytes.
pub const fn previous_tag_size(length: u32) -> [u8; 4] {
    length.wrapping_add(TAG_HEADER_LENGTH as u32).to_be_bytes()
}

/// Reads the file header: whether audio and video are announced (some writers leave both out although they send them).
///
/// Errors: no signature, or fewer than 13 bytes.
pub fn parse_file_header(bytes: &[u8]) -> Result<(bool, bool), FlvError> {
    let header = bytes.first_chunk::<FILE_HEADER_LENGTH>();
    let Some([f, l, v, _, flags, ..]) = header else {
        return Err(FlvError::Short { what: "file header", offset: bytes.len() });
    };
    if [*f, *l, *v] != *SIGNATURE {
        return Err(FlvError::NoSignature);
    }
    Ok((flags & FLAG_AUDIO != 0, flags & FLAG_VIDEO != 0))
}

/// Reads a tag header; body and `PreviousTagSize` (4 bytes) follow it.
///
/// Errors: fewer than 11 bytes.
pub fn parse_file_tag(bytes: &[u8]) -> Result<FileTag, FlvError> {
    let header = bytes.first_chunk::<TAG_HEADER_LENGTH>();
    let Some([kind, l0, l1, l2, t0, t1, t2, extended, ..]) = header else {
        return Err(FlvError::Short { what: "tag header", offset: bytes.len() });
    };
    let kind = match kind & 0x1f {
        8 => Some(TagKind::Audio),
        9 => Some(TagKind::Video),
        18 => Some(TagKind::Script),
        _ => None,
    };
    let length = u32::from_be_bytes([0, *l0, *l1, *l2]);
    Ok(FileTag { kind, length, timestamp: u32::from_be_bytes([*extended, *t0, *t1, *t2]) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_round_trip() {
        for flags in [(true, true), (true, false), (false, true)] {
            assert_eq!(parse_file_header(&file_header(flags.0, flags.1)), Ok(flags));
        }
        for timestamp in [0, 0x00ff_ffff, 0x0100_0000, u32::MAX] {
            for kind in [TagKind::Audio, TagKind::Video, TagKind::Script] {
                let tag = parse_file_tag(&tag_header(kind, 0x12_3456, timestamp)).unwrap();
                assert_eq!(tag, FileTag { kind: Some(kind), length: 0x12_3456, timestamp });
            }
        }
        assert_eq!(previous_tag_size(5), [0, 0, 0, 16]);
    }

    #[test]
    fn hostile_36_class_short_and_foreign_files() {
        let header = file_header(true, true);
        for cut in 0..header.len() {
            assert!(matches!(parse_file_header(&header[..cut]), Err(FlvError::Short { .. })));
        }
        assert_eq!(parse_file_header(b"RIFF0123456789"), Err(FlvError::NoSignature));
        assert!(parse_file_tag(&[8; 10]).is_err());
        assert_eq!(parse_file_tag(&[15; 11]).unwrap().kind, None);
    }
}
