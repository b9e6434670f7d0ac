//! The chunk reader: bytes in any fragments to whole messages (RTMP 1.0 section 5.3).
//!
//! Body bytes go once, from the input to their message's buffer. Memory grows with the bytes that arrived, never with
//! a declared length. A chunk costs a constant amount of work, so that chunks of one byte cost the peer as much as us.

mod carry;
mod extended;
mod parse;
mod stream;

use bytes::Bytes;

use super::header::Fields;
use super::{ChunkError, RawMessage};
use crate::limits::{
    DEFAULT_CHUNK_SIZE, MAX_CHUNK_SIZE, MAX_CHUNK_STREAMS, MAX_EMPTY_MESSAGES, MAX_MESSAGE_PUBLISHER,
    MAX_MESSAGE_UNTRUSTED, MAX_PENDING_PUBLISHER, MAX_PENDING_UNTRUSTED,
};
use carry::Carry;
use extended::Convention;
use parse::Parsed;
use stream::Stream;

/// How much a peer may make us hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReaderLimits {
    /// The longest message in bytes.
    pub max_message: u32,
    /// Bytes of all unfinished messages together.
    pub max_pending: usize,
}

impl ReaderLimits {
    /// For a peer that may not publish: commands only.
    pub const UNTRUSTED: Self = Self { max_message: MAX_MESSAGE_UNTRUSTED, max_pending: MAX_PENDING_UNTRUSTED };
    /// For a publisher.
    pub const PUBLISHER: Self = Self { max_message: MAX_MESSAGE_PUBLISHER, max_pending: MAX_PENDING_PUBLISHER };
}

/// Puts messages together.
#[derive(Debug)]
pub struct ChunkReader {
    chunk_size: u32,
    limits: ReaderLimits,
    /// The ids of `streams`, apart so that a search stays in a cache line or two.
    ids: Vec<u32>,
    streams: Vec<Stream>,
    /// The chunk whose body is being read: index into `streams` and missing bytes.
    open: Option<(usize, usize)>,
    /// A header cut short by the end of an input.
    carry: Carry,
    /// Bytes that were carried as a possible extended timestamp and turned out to be body.
    leftover: Carry,
    convention: Convention,
    /// Bytes allocated for unfinished messages.
    pending: usize,
    empty_in_a_row: u32,
}

impl ChunkReader {
    /// A reader at the start of a chunk stream.
    pub const fn new(limits: ReaderLimits) -> Self {
        Self {
            chunk_size: DEFAULT_CHUNK_SIZE,
            limits,
            ids: Vec::new(),
            streams: Vec::new(),
            open: None,
            carry: Carry::EMPTY,
            leftover: Carry::EMPTY,
            convention: Convention::Unknown,
            pending: 0,
            empty_in_a_row: 0,
        }
    }

    /// Changes the limits; what is already held stays.
    pub const fn set_limits(&mut self, limits: ReaderLimits) {
        self.limits = limits;
    }

    /// Obeys a Set Chunk Size (section 5.4.1); sizes above [`MAX_CHUNK_SIZE`] are lowered to it.
    ///
    /// # Errors
    /// [`ChunkError::BadChunkSize`] for 0 and for sizes with the high bit set.
    pub fn set_chunk_size(&mut self, size: u32) -> Result<(), ChunkError> {
        if size == 0 || size > i32::MAX.unsigned_abs() {
            return Err(ChunkError::BadChunkSize(size));
        }
        self.chunk_size = size.min(MAX_CHUNK_SIZE);
        Ok(())
    }

    /// Obeys an Abort (section 5.4.2): forgets the unfinished message of a chunk stream. Unknown ids are ignored.
    pub fn abort(&mut self, chunk_stream_id: u32) {
        if let Some(stream) = self.slot(chunk_stream_id).and_then(|slot| self.streams.get_mut(slot)) {
            self.pending = self.pending.saturating_sub(stream.discard());
        }
    }

    /// Bytes allocated for unfinished messages.
    pub const fn pending(&self) -> usize {
        self.pending
    }

    /// Reads until a message is whole or the input ends. Returns how many bytes were taken and the message; call again
    /// with the rest (or with nothing) until no message comes.
    ///
    /// # Errors
    /// [`ChunkError`]; the reader is of no use afterwards.
    pub fn read(&mut self, input: &[u8]) -> Result<(usize, Option<RawMessage>), ChunkError> {
        let mut at = 0;
        loop {
            if self.leftover.len() > 0 {
                let source = std::mem::replace(&mut self.leftover, Carry::EMPTY);
                let (taken, message) = self.step(source.as_slice())?;
                self.leftover.fill(source.as_slice().get(taken..).unwrap_or_default());
                if message.is_some() {
                    return Ok((at, message));
                }
                continue;
            }
            let (taken, message) = self.step(input.get(at..).unwrap_or_default())?;
            at += taken;
            if message.is_some() || self.leftover.len() == 0 {
                return Ok((at, message));
            }
        }
    }

    /// Reads `input` to its end, to the end of a message, or until something is left over.
    fn step(&mut self, input: &[u8]) -> Result<(usize, Option<RawMessage>), ChunkError> {
        let mut at = 0;
        loop {
            let rest = input.get(at..).unwrap_or_default();
            if let Some((slot, missing)) = self.open {
                let (taken, message) = self.read_body(slot, missing, rest)?;
                at += taken;
                if message.is_some() || self.open.is_some() {
                    return Ok((at, message));
                }
                continue;
            }
            if rest.is_empty() {
                return Ok((at, None));
            }
            let carried = self.carry.len();
            let parsed = if carried == 0 {
                match self.parse(rest)? {
                    Some(parsed) => {
                        at += parsed.used;
                        parsed
                    }
                    None => {
                        self.carry = Carry::of(rest);
                        return Ok((input.len(), None));
                    }
                }
            } else {
                let taken = self.carry.fill(rest);
                let carry = self.carry;
                let Some(parsed) = self.parse(carry.as_slice())? else { return Ok((at + taken, None)) };
                self.carry = Carry::EMPTY;
                match parsed.used.checked_sub(carried) {
                    Some(used) => at += used,
                    None => self.leftover = Carry::of(carry.as_slice().get(parsed.used..carried).unwrap_or_default()),
                }
                parsed
            };
            self.begin_chunk(&parsed)?;
            if self.leftover.len() > 0 {
                return Ok((at, None));
            }
        }
    }

    fn slot(&self, chunk_stream_id: u32) -> Option<usize> {
        self.ids.iter().position(|id| *id == chunk_stream_id)
    }

    /// Acts on a header: starts a message or goes on with one.
    fn begin_chunk(&mut self, parsed: &Parsed) -> Result<(), ChunkError> {
        let Parsed { format, chunk_stream_id, .. } = *parsed;
        self.convention = parsed.convention;
        let slot = match parsed.slot {
            Some(slot) => slot,
            None => self.add_stream(format, chunk_stream_id, &parsed.fields)?,
        };
        let Some(stream) = self.streams.get_mut(slot) else {
            return Err(ChunkError::TooManyChunkStreams { chunk_stream_id });
        };
        if !stream.in_message {
            stream.begin_message(format, &parsed.fields, parsed.extended);
            if stream.length > self.limits.max_message {
                let (length, limit) = (stream.length, self.limits.max_message);
                return Err(ChunkError::MessageTooLong { length, limit, chunk_stream_id });
            }
        } else if format != 3 {
            return Err(ChunkError::UnfinishedMessage { format, chunk_stream_id });
        }
        self.open = Some((slot, stream.missing().min(self.chunk_size as usize)));
        Ok(())
    }

    fn add_stream(&mut self, format: u8, chunk_stream_id: u32, fields: &Fields) -> Result<usize, ChunkError> {
        // Simple clients start their control chunk stream with format 1: it has all that such a message needs, since
        // control messages belong to message stream 0.
        let control = format == 1 && matches!(fields.type_id, 1..=6);
        if format != 0 && !control {
            return Err(ChunkError::NoPreviousHeader { format, chunk_stream_id });
        }
        if self.streams.len() >= MAX_CHUNK_STREAMS {
            return Err(ChunkError::TooManyChunkStreams { chunk_stream_id });
        }
        self.ids.push(chunk_stream_id);
        self.streams.push(Stream::default());
        Ok(self.streams.len() - 1)
    }

    fn read_body(
        &mut self,
        slot: usize,
        missing: usize,
        rest: &[u8],
    ) -> Result<(usize, Option<RawMessage>), ChunkError> {
        let taken = missing.min(rest.len());
        let piece = rest.get(..taken).unwrap_or_default();
        let (Some(stream), Some(id)) = (self.streams.get_mut(slot), self.ids.get(slot)) else {
            self.open = None;
            return Ok((0, None));
        };
        let whole = taken == stream.missing();
        let body = if whole && stream.body.is_empty() {
            // The usual case for small messages: all of it is in this input.
            Bytes::copy_from_slice(piece)
        } else {
            self.pending += stream.append(piece, self.limits.max_pending.saturating_sub(self.pending))?;
            if !whole {
                self.open = (taken < missing).then_some((slot, missing - taken));
                return Ok((taken, None));
            }
            let buffer = std::mem::take(&mut stream.body);
            self.pending = self.pending.saturating_sub(buffer.capacity());
            Bytes::from(buffer)
        };
        self.open = None;
        stream.end_message(body.len());
        let message = RawMessage {
            chunk_stream_id: *id,
            timestamp: stream.timestamp,
            type_id: stream.type_id,
            message_stream_id: stream.message_stream_id,
            body,
        };
        self.empty_in_a_row = if message.body.is_empty() { self.empty_in_a_row + 1 } else { 0 };
        if self.empty_in_a_row > MAX_EMPTY_MESSAGES {
            return Err(ChunkError::TooManyEmpty);
        }
        Ok((taken, Some(message)))
    }
}

#[cfg(test)]
mod tests;
