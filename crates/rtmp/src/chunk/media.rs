//! Media messages out without copying their bodies: a small inline header and the shared body (RTMP 1.0 section 5.3.1).
//!
//! Headers are always format 0: they lean on nothing, so a player may miss any message, and 1,000 players share one
//! body. 12 bytes against at most 8 saved by format 1 are nothing beside a video frame.

use std::ops::Deref;

use bytes::Bytes;

use super::header::{EXTENDED, write_format0, write_format3};
use crate::message::kind;

/// What a media message carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// Message type 8.
    Audio,
    /// Message type 9.
    Video,
    /// Message type 18, AMF0 data: the body starts with a string such as `onMetaData`.
    Data,
}

impl MediaKind {
    /// The message type id.
    pub const fn type_id(self) -> u8 {
        match self {
            Self::Audio => kind::AUDIO,
            Self::Video => kind::VIDEO,
            Self::Data => kind::DATA_AMF0,
        }
    }

    /// The chunk stream we send it on; each kind has one of its own, below 64 (1-byte basic header).
    pub const fn chunk_stream_id(self) -> u32 {
        match self {
            Self::Audio => 4,
            Self::Video => 6,
            Self::Data => 5,
        }
    }
}

/// The header of a chunk, inline: 1 to 18 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaHeader {
    bytes: [u8; 18],
    length: u8,
    kind: MediaKind,
    extended: Option<u32>,
}

impl MediaHeader {
    /// A format 0 header (12 bytes, 16 with an extended timestamp). A `body_length` beyond 24 bits is cut to 24 bits:
    /// the caller's bodies come from messages, which cannot be longer.
    pub fn new(message_stream_id: u32, kind: MediaKind, timestamp: u32, body_length: usize) -> Self {
        let mut bytes = [0; 18];
        let body_length = u32::try_from(body_length).unwrap_or(u32::MAX) & 0x00FF_FFFF;
        let length = write_format0(
            &mut bytes,
            kind.chunk_stream_id(),
            timestamp,
            body_length,
            kind.type_id(),
            message_stream_id,
        );
        Self { bytes, length, kind, extended: (timestamp >= EXTENDED).then_some(timestamp) }
    }

    /// The format 3 header of the chunks that follow the first of the same message.
    pub fn continuation(&self) -> Self {
        let mut bytes = [0; 18];
        let length = write_format3(&mut bytes, self.kind.chunk_stream_id(), self.extended);
        Self { bytes, length, kind: self.kind, extended: self.extended }
    }
}

impl Deref for MediaHeader {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

impl AsRef<[u8]> for MediaHeader {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// The chunks of one message: each a header and a slice of the body, which is shared and not copied.
#[derive(Debug, Clone)]
pub struct MediaPieces {
    next: MediaHeader,
    body: Bytes,
    chunk_size: usize,
    first: bool,
}

/// Cuts a message into chunks of at most `chunk_size` body bytes (0 counts as 1). An empty body gives one piece.
pub fn media_pieces(header: MediaHeader, body: &Bytes, chunk_size: usize) -> MediaPieces {
    MediaPieces { next: header, body: body.clone(), chunk_size: chunk_size.max(1), first: true }
}

impl Iterator for MediaPieces {
    type Item = (MediaHeader, Bytes);

    fn next(&mut self) -> Option<Self::Item> {
        if self.body.is_empty() && !self.first {
            return None;
        }
        let header = self.next;
        if self.first {
            self.next = header.continuation();
            self.first = false;
        }
        let piece = self.body.split_to(self.body.len().min(self.chunk_size));
        Some((header, piece))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_12_bytes_and_16_with_an_extended_timestamp() {
        assert_eq!(
            MediaHeader::new(1, MediaKind::Video, 0x0001_0203, 0x0004_0506)[..],
            [6, 1, 2, 3, 4, 5, 6, 9, 1, 0, 0, 0]
        );
        assert_eq!(
            MediaHeader::new(0x0102_0304, MediaKind::Audio, 0x00FF_FFFF, 1)[..],
            [4, 0xFF, 0xFF, 0xFF, 0, 0, 1, 8, 4, 3, 2, 1, 0, 0xFF, 0xFF, 0xFF]
        );
    }

    #[test]
    fn pieces_share_the_body_and_repeat_the_extended_timestamp() {
        let body = Bytes::from(vec![7; 10]);
        let header = MediaHeader::new(1, MediaKind::Audio, 0x0100_0000, body.len());
        let pieces: Vec<_> = media_pieces(header, &body, 4).collect();
        assert_eq!(pieces.iter().map(|(_, b)| b.len()).collect::<Vec<_>>(), [4, 4, 2]);
        assert_eq!(pieces[1].0[..], [0xC4, 1, 0, 0, 0]);
        assert_eq!(pieces[0].1.as_ptr(), body.as_ptr());
        assert_eq!(media_pieces(header, &Bytes::new(), 4).count(), 1);
    }
}
