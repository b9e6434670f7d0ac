//! Chunk headers (RTMP 1.0 section 5.3.1): basic header of 1 to 3 bytes, message header of four formats, extended
//! timestamp.

/// The 24-bit timestamp that says "see the extended timestamp".
pub(super) const EXTENDED: u32 = 0x00FF_FFFF;
/// The longest header: 3 + 11 + 4 bytes.
pub(super) const MAX_HEADER: usize = 18;

/// The message header fields that stand in a chunk, by format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fields {
    /// Formats 0 to 2: timestamp or delta, 24 bits.
    pub(super) time: u32,
    /// Formats 0 and 1.
    pub(super) length: u32,
    /// Formats 0 and 1.
    pub(super) type_id: u8,
    /// Format 0.
    pub(super) message_stream_id: u32,
}

/// The basic header: format, chunk stream id and how many bytes it took; `None` when it is cut short.
pub(super) fn basic(bytes: &[u8]) -> Option<(u8, u32, usize)> {
    let first = *bytes.first()?;
    let format = first >> 6;
    match first & 0x3F {
        0 => Some((format, u32::from(*bytes.get(1)?) + 64, 2)),
        1 => Some((format, u32::from(*bytes.get(2)?) * 256 + u32::from(*bytes.get(1)?) + 64, 3)),
        id => Some((format, u32::from(id), 1)),
    }
}

/// Bytes of the message header by format.
pub(super) const fn message_header_length(format: u8) -> usize {
    match format {
        0 => 11,
        1 => 7,
        2 => 3,
        _ => 0,
    }
}

/// The fields of a message header of `format`; those that the format lacks are 0. `None` when it is cut short.
pub(super) fn fields(format: u8, bytes: &[u8]) -> Option<Fields> {
    let mut fields = Fields { time: 0, length: 0, type_id: 0, message_stream_id: 0 };
    if format <= 2 {
        fields.time = u24(bytes, 0)?;
    }
    if format <= 1 {
        fields.length = u24(bytes, 3)?;
        fields.type_id = *bytes.get(6)?;
    }
    if format == 0 {
        fields.message_stream_id = u32::from_le_bytes(bytes.get(7..11)?.try_into().ok()?);
    }
    Some(fields)
}

fn u24(bytes: &[u8], at: usize) -> Option<u32> {
    let [a, b, c] = bytes.get(at..at + 3)? else { return None };
    Some(u32::from_be_bytes([0, *a, *b, *c]))
}

/// Writes a format 0 header and returns its length (12 to 18).
pub(super) fn write_format0(
    out: &mut [u8; MAX_HEADER],
    chunk_stream_id: u32,
    timestamp: u32,
    length: u32,
    type_id: u8,
    message_stream_id: u32,
) -> u8 {
    let mut cursor = Cursor { out, at: 0 };
    cursor.basic(0, chunk_stream_id);
    cursor.put(&timestamp.min(EXTENDED).to_be_bytes()[1..]);
    cursor.put(&length.to_be_bytes()[1..]);
    cursor.put(&[type_id]);
    cursor.put(&message_stream_id.to_le_bytes());
    if timestamp >= EXTENDED {
        cursor.put(&timestamp.to_be_bytes());
    }
    cursor.at as u8
}

/// Writes a format 3 header and returns its length (1 to 7). The extended timestamp is repeated, as the specification
/// says and Flash, FFmpeg and librtmp expect.
pub(super) fn write_format3(out: &mut [u8; MAX_HEADER], chunk_stream_id: u32, extended: Option<u32>) -> u8 {
    let mut cursor = Cursor { out, at: 0 };
    cursor.basic(3, chunk_stream_id);
    if let Some(timestamp) = extended {
        cursor.put(&timestamp.to_be_bytes());
    }
    cursor.at as u8
}

struct Cursor<'a> {
    out: &'a mut [u8; MAX_HEADER],
    at: usize,
}

impl Cursor<'_> {
    fn put(&mut self, bytes: &[u8]) {
        for (to, from) in self.out.iter_mut().skip(self.at).zip(bytes) {
            *to = *from;
        }
        self.at += bytes.len();
    }

    fn basic(&mut self, format: u8, chunk_stream_id: u32) {
        let format = format << 6;
        match chunk_stream_id {
            0..64 => self.put(&[format | chunk_stream_id as u8]),
            64..320 => self.put(&[format, (chunk_stream_id - 64) as u8]),
            _ => {
                let id = (chunk_stream_id - 64).min(0xFFFF);
                self.put(&[format | 1, (id & 0xFF) as u8, (id >> 8) as u8]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunk_stream_ids_of_all_widths_survive() {
        for (id, width) in [(2, 1), (63, 1), (64, 2), (319, 2), (320, 3), (65_599, 3)] {
            let mut out = [0; MAX_HEADER];
            assert_eq!(usize::from(write_format3(&mut out, id, None)), width);
            assert_eq!(basic(&out), Some((3, id, width)));
        }
    }

    #[test]
    fn the_longest_header_fits() {
        let mut out = [0; MAX_HEADER];
        assert_eq!(usize::from(write_format0(&mut out, 65_599, u32::MAX, 1, 9, 1)), MAX_HEADER);
    }
}
