//! The chunk writer: messages to chunks (RTMP 1.0 section 5.3), for commands, control messages and tests.
//!
//! Media to players goes through [`super::media`] instead, which copies no body.

use super::header::{EXTENDED, MAX_HEADER, write_format0, write_format3};
use crate::limits::DEFAULT_CHUNK_SIZE;

/// Writes messages with format 0 headers, cut at the outgoing chunk size.
#[derive(Debug)]
pub struct ChunkWriter {
    chunk_size: u32,
}

impl Default for ChunkWriter {
    fn default() -> Self {
        Self { chunk_size: DEFAULT_CHUNK_SIZE }
    }
}

impl ChunkWriter {
    /// The outgoing chunk size, 128 at first.
    pub const fn chunk_size(&self) -> u32 {
        self.chunk_size
    }

    /// Changes the size of the chunks from here on; 0 counts as 1. The peer must have been told before.
    pub fn set_chunk_size(&mut self, size: u32) {
        self.chunk_size = size.max(1);
    }

    /// Appends one message.
    pub fn write(
        &self,
        chunk_stream_id: u32,
        timestamp: u32,
        type_id: u8,
        message_stream_id: u32,
        body: &[u8],
        out: &mut Vec<u8>,
    ) {
        write_message(self.chunk_size, chunk_stream_id, timestamp, type_id, message_stream_id, body, out);
    }
}

/// Appends one message in chunks of at most `chunk_size` body bytes. Bodies beyond 24 bits of length are cut.
pub fn write_message(
    chunk_size: u32,
    chunk_stream_id: u32,
    timestamp: u32,
    type_id: u8,
    message_stream_id: u32,
    body: &[u8],
    out: &mut Vec<u8>,
) {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).min(0x00FF_FFFF);
    let body = body.get(..length as usize).unwrap_or(body);
    let extended = (timestamp >= EXTENDED).then_some(timestamp);
    let mut header = [0; MAX_HEADER];
    let used = write_format0(&mut header, chunk_stream_id, timestamp, length, type_id, message_stream_id);
    out.reserve(body.len() + usize::from(used));
    out.extend_from_slice(header.get(..usize::from(used)).unwrap_or_default());
    let mut pieces = body.chunks(chunk_size.max(1) as usize);
    out.extend_from_slice(pieces.next().unwrap_or_default());
    for piece in pieces {
        let used = write_format3(&mut header, chunk_stream_id, extended);
        out.extend_from_slice(header.get(..usize::from(used)).unwrap_or_default());
        out.extend_from_slice(piece);
    }
}
