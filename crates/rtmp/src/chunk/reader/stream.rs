//! What the reader remembers of one chunk stream: the last header and the unfinished message.

use crate::chunk::ChunkError;
use crate::chunk::header::{EXTENDED, Fields};

#[derive(Debug, Default)]
pub(super) struct Stream {
    /// Timestamp of the current or last message.
    pub(super) timestamp: u32,
    /// What a format 3 header adds when it starts a message.
    delta: u32,
    /// The last header was format 0.
    absolute: bool,
    /// The extended timestamp field of the last header of format 0 to 2, when it had one.
    pub(super) extended: Option<u32>,
    pub(super) length: u32,
    pub(super) type_id: u8,
    pub(super) message_stream_id: u32,
    pub(super) in_message: bool,
    /// Invariant: empty when no message is unfinished.
    pub(super) body: Vec<u8>,
    /// Bytes of the last message received whole: its sender has shown that it sends as much, so that the next buffer
    /// may start at that size and need not grow step by step.
    shown: usize,
}

impl Stream {
    /// Missing bytes of the current message.
    pub(super) fn missing(&self) -> usize {
        (self.length as usize).saturating_sub(self.body.len())
    }

    /// Starts a message by a header of `format`. Times wrap at 2^32 as the specification says.
    pub(super) fn begin_message(&mut self, format: u8, fields: &Fields, extended: Option<u32>) {
        self.in_message = true;
        if format < 3 {
            let time = if fields.time == EXTENDED { extended.unwrap_or(EXTENDED) } else { fields.time };
            self.extended = (fields.time == EXTENDED).then_some(time);
            // After format 0 the delta of a format 3 is the timestamp itself (section 5.3.1.2.4); FFmpeg relies on it.
            self.delta = time;
            self.absolute = format == 0;
            self.timestamp = if format == 0 { time } else { self.timestamp.wrapping_add(time) };
        } else {
            if let Some(field) = extended {
                // FFmpeg starts a message with format 3 when only the 24-bit fields are equal: the value may be new.
                self.delta = field;
                self.extended = Some(field);
            }
            if self.absolute && self.extended.is_some() {
                // Nobody means "as much again" by repeating an absolute time beyond 4.66 hours: the time stands.
                self.timestamp = self.delta;
            } else {
                self.timestamp = self.timestamp.wrapping_add(self.delta);
            }
        }
        if format <= 1 {
            self.length = fields.length;
            self.type_id = fields.type_id;
        }
        if format == 0 {
            self.message_stream_id = fields.message_stream_id;
        }
    }

    /// Appends to the unfinished message; returns by how many bytes its buffer grew, `room` at most.
    pub(super) fn append(&mut self, piece: &[u8], room: usize) -> Result<usize, ChunkError> {
        let before = self.body.capacity();
        let needed = self.body.len() + piece.len();
        if needed > before {
            // Doubling keeps the copies few; never beyond the message, so that no slack stays behind.
            let wanted = needed.max(before * 2).max(self.shown).min(self.length as usize);
            let most = before.saturating_add(room);
            let capacity = if wanted <= most { wanted } else { needed };
            if capacity > most {
                return Err(ChunkError::TooMuchPending { limit: most });
            }
            self.body.reserve_exact(capacity - self.body.len());
        }
        self.body.extend_from_slice(piece);
        Ok(self.body.capacity() - before)
    }

    /// Ends a message of `length` bytes.
    pub(super) fn end_message(&mut self, length: usize) {
        self.in_message = false;
        // Falls slowly, so that a run of small frames does not forget the size of the keyframe before it at once.
        self.shown = length.max(self.shown - self.shown / 8);
    }

    /// Forgets the unfinished message; returns the bytes its buffer held.
    pub(super) fn discard(&mut self) -> usize {
        self.in_message = false;
        std::mem::take(&mut self.body).capacity()
    }
}
