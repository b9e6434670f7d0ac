//! Reading one chunk header (RTMP 1.0 section 5.3.1) without acting on it, so that a header cut short can be read anew.

use super::ChunkReader;
use super::extended::{self, Convention, Verdict};
use crate::chunk::ChunkError;
use crate::chunk::header::{self, EXTENDED, Fields};

/// A chunk header that was read whole and not yet acted upon.
pub(super) struct Parsed {
    pub(super) used: usize,
    pub(super) format: u8,
    pub(super) chunk_stream_id: u32,
    pub(super) slot: Option<usize>,
    pub(super) fields: Fields,
    pub(super) extended: Option<u32>,
    pub(super) convention: Convention,
}

impl ChunkReader {
    /// Reads a header without acting on it; `None` when it is cut short.
    pub(super) fn parse(&self, bytes: &[u8]) -> Result<Option<Parsed>, ChunkError> {
        let Some((format, chunk_stream_id, basic)) = header::basic(bytes) else { return Ok(None) };
        let slot = self.slot(chunk_stream_id);
        let rest = bytes.get(basic..).unwrap_or_default();
        let Some(fields) = header::fields(format, rest) else { return Ok(None) };
        let mut used = basic + header::message_header_length(format);
        let tail = bytes.get(used..).unwrap_or_default();
        let mut extended = None;
        let mut convention = self.convention;
        if format < 3 {
            if fields.time == EXTENDED {
                let Some(field) = tail.first_chunk() else { return Ok(None) };
                extended = Some(u32::from_be_bytes(*field));
                used += 4;
            }
        } else if let Some(stream) = slot.and_then(|slot| self.streams.get(slot))
            && let Some(expected) = stream.extended
        {
            let verdict = extended::judge(self.convention, expected, stream, tail);
            match verdict {
                Verdict::NeedsMore => return Ok(None),
                Verdict::Absent => convention = Convention::Absent,
                Verdict::Repeated(field) => {
                    convention = Convention::Repeated;
                    extended = Some(field);
                    used += 4;
                }
                Verdict::Desynchronized(found) => {
                    return Err(ChunkError::Desynchronized { chunk_stream_id, expected, found });
                }
            }
        }
        Ok(Some(Parsed { used, format, chunk_stream_id, slot, fields, extended, convention }))
    }
}
