//! RTMP chunk streams (RTMP 1.0 section 5.3): `RtmpChunkReader` and `RtmpChunkWriter`.

use super::argument::{buffer, byte, integer};
use super::error::{ARGUMENT, RTMP, Result, error};
use napi::bindgen_prelude::{Buffer, Uint8Array};
use napi_derive::napi;
use rtmp_gateway_rtmp::chunk::{self, ChunkError, RawMessage, ReaderLimits};
use rtmp_gateway_rtmp::limits::{DEFAULT_CHUNK_SIZE, MAX_CHUNK_SIZE, MAX_MESSAGE_PUBLISHER, MAX_PENDING_PUBLISHER};
use rtmp_gateway_rtmp::message::control::Control;

/// The longest message the 24-bit length can say, in bytes.
const MAX_MESSAGE_LENGTH: u32 = 0x00FF_FFFF;
/// The most that unfinished messages may be allowed to hold, in bytes: every chunk stream with the longest message.
const MAX_PENDING: u32 = 1 << 30;
/// Chunk stream ids that the basic header can say; 0 and 1 are its escapes (section 5.3.1.1).
const CHUNK_STREAM_IDS: std::ops::RangeInclusive<u32> = 2..=65_599;
/// The chunk stream of protocol control messages (section 5.4).
const CONTROL_CHUNK_STREAM: u32 = 2;

/// A whole message of an RTMP chunk stream (RTMP 1.0 section 5.3).
#[napi(object, object_from_js = false)]
pub struct RtmpMessage {
    /// The chunk stream it came on: 2 to 65599.
    pub chunk_stream_id: u32,
    /// Milliseconds on the sender's clock, modulo 2^32; deltas are already added up.
    pub timestamp: u32,
    /// What it is (section 7.1): 1 to 6 control, 8 audio, 9 video, 18 data (AMF0), 20 command (AMF0), 22 aggregate.
    pub type_id: u32,
    /// The message stream it belongs to; 0 is the connection itself.
    pub message_stream_id: u32,
    /// The payload, of its own memory. Audio and video bodies are those of FLV tags.
    pub body: Buffer,
}

/// A message to write; an `RtmpMessage` is one.
#[napi(object, object_to_js = false)]
pub struct RtmpMessageInput {
    /// The chunk stream to send it on: 2 to 65599. 2 is for control messages; use one for each kind of media.
    pub chunk_stream_id: f64,
    /// Milliseconds, 0 to 2^32 - 1.
    pub timestamp: f64,
    /// What it is, 0 to 255 (section 7.1).
    pub type_id: f64,
    /// The message stream it belongs to, 0 to 2^32 - 1.
    pub message_stream_id: f64,
    // Last, so that no getter of another field runs between taking its memory and reading it.
    /// The payload, at most 16777215 bytes.
    pub body: Uint8Array,
}

/// How much a peer may make an `RtmpChunkReader` hold.
#[napi(object, object_to_js = false)]
pub struct RtmpChunkReaderOptions {
    /// The longest message in bytes, 1 to 16777215; 10 MiB by default.
    pub max_message_length: Option<f64>,
    /// Bytes that all unfinished messages may take together, 1 to 2^30; 12 MiB by default.
    pub max_pending_bytes: Option<f64>,
}

/// Bytes in any fragments to whole RTMP messages (RTMP 1.0 section 5.3); for what follows the handshake.
///
/// Set Chunk Size and Abort messages are obeyed as they come, and handed out like all others. Extended timestamps are
/// understood with and without repetition on continuation chunks. Memory grows with the bytes that arrived, never with
/// a length that a peer declares. Every body byte is copied once.
#[napi]
pub struct RtmpChunkReader {
    reader: chunk::ChunkReader,
    chunk_size: u32,
    failed: Option<String>,
}

#[napi]
impl RtmpChunkReader {
    /// A reader at the start of a chunk stream, with a chunk size of 128 bytes.
    ///
    /// Throws `GW_ARGUMENT_INVALID` for a limit out of range.
    #[napi(constructor, catch_unwind)]
    pub fn new(options: Option<RtmpChunkReaderOptions>) -> Result<Self> {
        let (max_message, max_pending) =
            options.map_or((None, None), |options| (options.max_message_length, options.max_pending_bytes));
        let max_message = match max_message {
            Some(value) => integer("maxMessageLength", value, 1..=MAX_MESSAGE_LENGTH)?,
            None => MAX_MESSAGE_PUBLISHER,
        };
        let max_pending = match max_pending {
            Some(value) => integer("maxPendingBytes", value, 1..=MAX_PENDING)? as usize,
            None => MAX_PENDING_PUBLISHER,
        };
        let reader = chunk::ChunkReader::new(ReaderLimits { max_message, max_pending });
        Ok(Self { reader, chunk_size: DEFAULT_CHUNK_SIZE, failed: None })
    }

    /// Takes the next bytes of the stream, as the socket gave them, and returns the messages that are whole now, in the
    /// order in which they ended. `bytes` may be reused afterwards.
    ///
    /// Throws `GW_RTMP_INVALID` when the bytes are no chunk stream or a limit is exceeded: chunk boundaries are lost then,
    /// so every later call throws the same, and messages that ended in the same call are lost. Close the connection.
    #[napi(catch_unwind)]
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<RtmpMessage>> {
        if let Some(failed) = &self.failed {
            return Err(error(RTMP, failed));
        }
        self.read(bytes).map_err(|text| {
            let thrown = error(RTMP, &text);
            self.failed = Some(text);
            thrown
        })
    }

    fn read(&mut self, bytes: &[u8]) -> std::result::Result<Vec<RtmpMessage>, String> {
        let mut messages = Vec::new();
        let mut rest = bytes;
        loop {
            let (taken, message) = self.reader.read(rest).map_err(|failed| failed.to_string())?;
            rest = rest.get(taken..).unwrap_or_default();
            let Some(message) = message else { return Ok(messages) };
            self.obey(&message)?;
            messages.push(message.into());
        }
    }

    fn obey(&mut self, message: &RawMessage) -> std::result::Result<(), String> {
        match Control::parse(message.type_id, &message.body) {
            Ok(Some(Control::SetChunkSize(size))) => {
                self.reader.set_chunk_size(size).map_err(|failed: ChunkError| failed.to_string())?;
                self.chunk_size = size.min(MAX_CHUNK_SIZE);
            }
            Ok(Some(Control::Abort(chunk_stream_id))) => self.reader.abort(chunk_stream_id),
            Ok(_) => {}
            Err(failed) => return Err(failed.to_string()),
        }
        Ok(())
    }

    /// The size of incoming chunks in bytes: 128 until a Set Chunk Size message has come.
    #[napi(getter, catch_unwind)]
    pub fn chunk_size(&self) -> u32 {
        self.chunk_size
    }

    /// Bytes held for unfinished messages.
    #[napi(getter, catch_unwind)]
    pub fn pending_bytes(&self) -> i64 {
        i64::try_from(self.reader.pending()).unwrap_or(i64::MAX)
    }
}

impl From<RawMessage> for RtmpMessage {
    fn from(message: RawMessage) -> Self {
        Self {
            chunk_stream_id: message.chunk_stream_id,
            timestamp: message.timestamp,
            type_id: message.type_id.into(),
            message_stream_id: message.message_stream_id,
            body: buffer(message.body),
        }
    }
}

/// RTMP messages to chunks (RTMP 1.0 section 5.3), for what follows the handshake.
///
/// Every message gets a full header (format 0), so none leans on one that a receiver may have missed.
#[napi]
#[derive(Default)]
pub struct RtmpChunkWriter {
    writer: chunk::ChunkWriter,
}

#[napi]
impl RtmpChunkWriter {
    /// A writer at the start of a chunk stream, with a chunk size of 128 bytes.
    #[napi(constructor, catch_unwind)]
    pub fn new() -> Self {
        Self::default()
    }

    /// The bytes of one message: its chunks, one after the other, in one Buffer; the body is copied once.
    /// A Set Chunk Size message (type 1) takes effect behind itself, as it does for its receiver.
    ///
    /// Throws `GW_ARGUMENT_INVALID` for a field out of range, a body above 16777215 bytes, and a Set Chunk Size that no
    /// receiver accepts.
    #[napi(catch_unwind)]
    pub fn write(&mut self, message: RtmpMessageInput) -> Result<Buffer> {
        let chunk_stream_id = integer("chunkStreamId", message.chunk_stream_id, CHUNK_STREAM_IDS)?;
        let timestamp = integer("timestamp", message.timestamp, 0..=u32::MAX)?;
        let type_id = byte("typeId", message.type_id, 0..=u8::MAX)?;
        let message_stream_id = integer("messageStreamId", message.message_stream_id, 0..=u32::MAX)?;
        let body: &[u8] = &message.body;
        if body.len() > MAX_MESSAGE_LENGTH as usize {
            let length = body.len();
            return Err(error(ARGUMENT, format_args!("body has {length} bytes, at most {MAX_MESSAGE_LENGTH} fit")));
        }
        let new_size = match Control::parse(type_id, body) {
            Ok(Some(Control::SetChunkSize(size))) => {
                Some(integer("the chunk size in the body", size.into(), 1..=MAX_CHUNK_SIZE)?)
            }
            Ok(_) => None,
            Err(failed) => return Err(error(ARGUMENT, failed)),
        };
        let mut out = Vec::new();
        self.writer.write(chunk_stream_id, timestamp, type_id, message_stream_id, body, &mut out);
        if let Some(size) = new_size {
            self.writer.set_chunk_size(size);
        }
        Ok(out.into())
    }

    /// The bytes of a Set Chunk Size message (section 5.4.1); what is written afterwards has chunks of `size` body bytes.
    /// Larger chunks cost less: 65536 holds nearly every message of a live stream in one.
    ///
    /// Throws `GW_ARGUMENT_INVALID` unless `size` is an integer of 1 to 16777215.
    #[napi(catch_unwind)]
    pub fn set_chunk_size(&mut self, size: f64) -> Result<Buffer> {
        let size = integer("size", size, 1..=MAX_CHUNK_SIZE)?;
        let (type_id, body) = Control::SetChunkSize(size).encode();
        let mut out = Vec::new();
        self.writer.write(CONTROL_CHUNK_STREAM, 0, type_id, 0, &body, &mut out);
        self.writer.set_chunk_size(size);
        Ok(out.into())
    }

    /// The size of outgoing chunks in bytes.
    #[napi(getter, catch_unwind)]
    pub fn chunk_size(&self) -> u32 {
        self.writer.chunk_size()
    }
}
