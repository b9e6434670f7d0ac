//! One RTMP player of a stream: its own time line, its own dropping, no copy of any payload.

use super::outgoing::Outgoing;
use crate::rtmp_io::control::{Control, ControlEvent};
use crate::rtmp_io::outbox::{Inline, Outbox, Piece};
use bytes::Bytes;
use rtmp_gateway_flv::{TagKind, previous_tag_size, tag_header};
use rtmp_gateway_media::TrackKind;
use rtmp_gateway_rtmp::chunk::{MediaHeader, MediaKind, media_pieces};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How a player gets its messages.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Framing {
    /// Chunks of a message stream; a longer message is cut.
    Rtmp { message_stream_id: u32, chunk_size: usize },
    /// Tags of an FLV file without end.
    Flv,
}

/// A player and where its bytes go.
pub(crate) struct Player {
    pub(crate) connection_id: u64,
    framing: Framing,
    outbox: Rc<Outbox>,
    control: Rc<Control>,
    /// How long it may stay over its queue's bound before it is closed as too slow.
    grace: Duration,
    /// Stream time in ms that is this player's 0; set by its first unit.
    base: Option<i64>,
    last_timestamp: i64,
    /// Video is held back until a keyframe: at the start without a cached one, and after a drop.
    waiting_for_keyframe: bool,
    over_since: Option<Instant>,
    /// It was told that the stream ended, so it must be told when it starts again.
    told_ended: bool,
    pub(crate) paused: bool,
    pub(crate) audio: bool,
    pub(crate) video: bool,
}

impl Player {
    pub(crate) fn new(
        connection_id: u64,
        framing: Framing,
        outbox: Rc<Outbox>,
        control: Rc<Control>,
        grace: Duration,
    ) -> Self {
        Self {
            connection_id,
            framing,
            outbox,
            control,
            grace,
            base: None,
            last_timestamp: 0,
            waiting_for_keyframe: true,
            over_since: None,
            told_ended: false,
            paused: false,
            audio: true,
            video: true,
        }
    }

    /// The message stream of an RTMP player; 0 for FLV.
    pub(crate) fn message_stream_id(&self) -> u32 {
        match self.framing {
            Framing::Rtmp { message_stream_id, .. } => message_stream_id,
            Framing::Flv => 0,
        }
    }

    fn wants(&self, kind: TrackKind) -> bool {
        !self.paused
            && match kind {
                TrackKind::Audio => self.audio,
                TrackKind::Video => self.video,
            }
    }

    /// Video resumes at the next keyframe: after a pause, or when a track is switched on again.
    pub(crate) fn wait_for_keyframe(&mut self) {
        self.waiting_for_keyframe = true;
    }

    fn timestamp(&mut self, stream_ms: i64) -> u32 {
        let base = *self.base.get_or_insert(stream_ms);
        // A cached audio frame can be a little older than the keyframe that set the base.
        let timestamp = stream_ms.saturating_sub(base).max(0);
        self.last_timestamp = self.last_timestamp.max(timestamp);
        // RTMP timestamps are modulo 2^32.
        timestamp as u32
    }

    fn queue(&self, kind: MediaKind, timestamp: u32, prefix: &[u8], payload: &Bytes, piece: Piece) {
        match self.framing {
            Framing::Rtmp { message_stream_id, chunk_size } => {
                let length = prefix.len() + payload.len();
                let header = MediaHeader::new(message_stream_id, kind, timestamp, length);
                self.queue_chunks(header, chunk_size, prefix, payload, piece);
            }
            Framing::Flv => self.queue_tag(kind, timestamp, prefix, payload, piece),
        }
    }

    fn queue_tag(&self, kind: MediaKind, timestamp: u32, prefix: &[u8], payload: &Bytes, piece: Piece) {
        let kind = match kind {
            MediaKind::Audio => TagKind::Audio,
            MediaKind::Video => TagKind::Video,
            MediaKind::Data => TagKind::Script,
        };
        // Messages have 24-bit lengths, as tags have.
        let length = (prefix.len() + payload.len()) as u32;
        let header = Inline::join(&[&tag_header(kind, length, timestamp), prefix]);
        let (Some(header), Some(end)) = (header, Inline::join(&[&previous_tag_size(length)])) else { return };
        self.outbox.push(header, payload.clone(), piece);
        self.outbox.push(end, Bytes::new(), Piece::Continuation);
    }

    fn queue_chunks(&self, header: MediaHeader, chunk_size: usize, prefix: &[u8], payload: &Bytes, piece: Piece) {
        let length = prefix.len() + payload.len();
        if length <= chunk_size
            && let Some(inline) = Inline::join(&[&header, prefix])
        {
            self.outbox.push(inline, payload.clone(), piece);
            return;
        }
        // A body of more than one chunk (a large keyframe). The FLV tag header takes the head of the first chunk, so the
        // payload is cut accordingly: only slices, no copy.
        let mut piece = piece;
        let first = chunk_size.saturating_sub(prefix.len()).min(payload.len());
        if let Some(inline) = Inline::join(&[&header, prefix]) {
            self.outbox.push(inline, payload.slice(..first), piece);
            piece = Piece::Continuation;
            let mut at = first;
            while at < payload.len() {
                let end = (at + chunk_size).min(payload.len());
                let Some(inline) = Inline::join(&[&header.continuation()]) else { return };
                self.outbox.push(inline, payload.slice(at..end), piece);
                at = end;
            }
            return;
        }
        let body: Bytes = [prefix, payload].concat().into();
        for (header, slice) in media_pieces(header, &body, chunk_size) {
            let Some(inline) = Inline::join(&[&header]) else { return };
            self.outbox.push(inline, slice, piece);
            piece = Piece::Continuation;
        }
    }

    /// Queues a sequence header; never dropped.
    pub(crate) fn send_configuration(&mut self, message: &Outgoing) {
        let timestamp = self.last_timestamp as u32;
        self.queue(message.media_kind(), timestamp, message.prefix.as_bytes(), &message.payload, Piece::Keep);
    }

    /// Queues a data message (`onMetaData`); never dropped.
    pub(crate) fn send_metadata(&mut self, body: &Bytes) {
        let timestamp = self.last_timestamp as u32;
        self.queue(MediaKind::Data, timestamp, &[], body, Piece::Keep);
    }

    /// Queues a unit of a late joiner's start, whatever its amount: the cache it comes from is bounded.
    pub(crate) fn send_start(&mut self, message: &Outgoing) {
        if !self.wants(message.kind) {
            return;
        }
        if message.kind == TrackKind::Video && message.keyframe {
            self.waiting_for_keyframe = false;
        }
        self.queue_unit(message);
    }

    /// The start is complete: what follows is live and bounded.
    pub(crate) fn end_start(&self) {
        self.outbox.mark_backlog();
    }

    fn queue_unit(&mut self, message: &Outgoing) {
        let piece = match message.kind {
            TrackKind::Video => Piece::Video(message.timestamp),
            TrackKind::Audio => Piece::Audio(message.timestamp),
        };
        let timestamp = self.timestamp(message.timestamp);
        self.queue(message.media_kind(), timestamp, message.prefix.as_bytes(), &message.payload, piece);
    }

    /// Queues a unit or drops it by policy; returns how many units this player missed because of it.
    pub(crate) fn send(&mut self, now: Instant, message: &Outgoing) -> u64 {
        let kind = message.kind;
        if !self.wants(kind) {
            return 0;
        }
        let mut missed = 0;
        if self.outbox.over_bound(message.timestamp) {
            missed += self.outbox.drop_video();
            self.waiting_for_keyframe = true;
            let since = *self.over_since.get_or_insert(now);
            if now.saturating_duration_since(since) > self.grace {
                self.control.push(ControlEvent::CloseTooSlow);
                self.outbox.wake.notify_one();
            }
            if self.outbox.over_bound(message.timestamp) {
                return missed + 1;
            }
        } else {
            self.over_since = None;
        }
        if kind == TrackKind::Video {
            if message.keyframe {
                self.waiting_for_keyframe = false;
            } else if self.waiting_for_keyframe {
                return missed + 1;
            }
        }
        self.queue_unit(message);
        missed
    }

    /// Writes what is queued; a full socket wakes the connection's own task.
    pub(crate) fn flush(&self, now: Instant) {
        self.outbox.flush_or_wake(now);
    }

    /// Tells the player that the stream ended and that its publisher's grace time is over.
    pub(crate) fn stream_ended(&mut self) {
        self.told_ended = true;
        self.notify(ControlEvent::StreamEnded { message_stream_id: self.message_stream_id() });
    }

    /// Another publisher is on the stream: video waits for its first keyframe.
    pub(crate) fn stream_started(&mut self) {
        self.waiting_for_keyframe = true;
        if std::mem::take(&mut self.told_ended) {
            self.notify(ControlEvent::StreamStarted { message_stream_id: self.message_stream_id() });
        }
    }

    fn notify(&self, event: ControlEvent) {
        self.control.push(event);
        self.outbox.wake.notify_one();
    }
}
