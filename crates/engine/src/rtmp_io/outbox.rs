//! Bytes on their way to one RTMP connection: vectored writes of shared bodies, bounded, with drops to the next keyframe.
//!
//! A message is queued as an inline header and a shared body, so that fan-out to many players copies no payload. Whoever
//! pushes may flush at once; when the socket is full the connection's own task goes on when it is writable again.

use bytes::Bytes;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// Bytes queued for one connection before video is dropped to the next keyframe: a stalled reader must not hold more.
pub(crate) const MAX_QUEUED_BYTES: usize = 2 * 1024 * 1024;
/// Media time queued for one connection before video is dropped: a player that far behind is no longer live.
pub(crate) const MAX_QUEUED_MEDIA: Duration = Duration::from_secs(2);
/// Bytes at which even audio and control no longer fit and the connection is closed.
pub(crate) const HARD_QUEUED_BYTES: usize = 4 * 1024 * 1024;
/// Slices of one vectored write; the kernel's limit is 1,024, beyond 64 nothing is gained.
const MAX_SLICES: usize = 64;

/// Largest inline prefix of a message: chunk basic header 1, message header 11, extended timestamp 4, FLV tag header up to 16.
const INLINE: usize = 32;

/// A short byte string kept in place.
#[derive(Clone, Copy)]
pub(crate) struct Inline {
    bytes: [u8; INLINE],
    length: u8,
}

impl Inline {
    pub(crate) const EMPTY: Self = Self { bytes: [0; INLINE], length: 0 };

    /// Joins parts; `None` when they do not fit.
    pub(crate) fn join(parts: &[&[u8]]) -> Option<Self> {
        let mut inline = Self::EMPTY;
        for part in parts {
            let start = usize::from(inline.length);
            inline.bytes.get_mut(start..start + part.len())?.copy_from_slice(part);
            inline.length += part.len() as u8;
        }
        Some(inline)
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

/// What a queued piece is, for the dropping policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Commands, sequence headers, metadata: never dropped.
    Keep,
    /// The first piece of a video message with this timestamp in ms.
    Video(i64),
    /// The first piece of an audio message with this timestamp in ms.
    Audio(i64),
    /// A further chunk of the message before it: kept or dropped with it.
    Continuation,
}

struct Item {
    header: Inline,
    body: Bytes,
    piece: Piece,
}

impl Item {
    fn length(&self) -> usize {
        usize::from(self.header.length) + self.body.len()
    }

    fn media_time(&self) -> Option<i64> {
        match self.piece {
            Piece::Video(at) | Piece::Audio(at) => Some(at),
            Piece::Keep | Piece::Continuation => None,
        }
    }
}

impl Queue {
    /// Time in ms of the oldest frame that waits, the backlog apart.
    fn oldest(&self) -> Option<i64> {
        self.items.iter().skip(self.backlog_items).find_map(Item::media_time)
    }

    /// Bytes that wait, the backlog apart.
    fn live_bytes(&self) -> usize {
        self.bytes.saturating_sub(self.backlog_bytes)
    }
}

#[derive(Default)]
struct Queue {
    items: VecDeque<Item>,
    bytes: usize,
    /// Bytes of the front item already written.
    written: usize,
    /// Items at the front that are a late joiner's start: bounded by the cache they come from, shared with every other
    /// joiner, and no sign of a slow reader.
    backlog_items: usize,
    backlog_bytes: usize,
    /// Since when the socket has taken nothing although something is queued.
    stalled_since: Option<Instant>,
    failed: Option<io::ErrorKind>,
}

/// What was queued on a connection that moves to another shard.
pub(crate) struct QueuedBytes(Queue);

/// The queue of one connection and its socket.
pub(crate) struct Outbox {
    socket: Rc<TcpStream>,
    queue: RefCell<Queue>,
    bytes_out: Cell<u64>,
    writes: Rc<Cell<u64>>,
    /// Nothing leaves yet: what must go first is not known.
    corked: Cell<bool>,
    /// Wakes the connection's task when the socket is full or the connection must close.
    pub(crate) wake: Notify,
}

impl Outbox {
    /// `writes` counts the writes of all connections of a shard.
    pub(crate) fn new(socket: Rc<TcpStream>, bytes_out: u64, writes: Rc<Cell<u64>>) -> Self {
        Self {
            socket,
            queue: RefCell::default(),
            bytes_out: Cell::new(bytes_out),
            writes,
            corked: Cell::new(false),
            wake: Notify::new(),
        }
    }

    /// Bytes queued, and milliseconds of media from the oldest to the newest queued frame.
    pub(crate) fn queued(&self) -> (u64, u64) {
        let queue = self.queue.borrow();
        let newest = queue.items.iter().rev().find_map(Item::media_time);
        let length = newest.zip(queue.oldest()).map_or(0, |(newest, oldest)| newest.saturating_sub(oldest));
        (queue.bytes as u64, u64::try_from(length).unwrap_or(0))
    }

    /// Bytes the socket has taken over the connection's life.
    pub(crate) fn bytes_out(&self) -> u64 {
        self.bytes_out.get()
    }

    /// Takes everything queued, for a connection that moves.
    pub(crate) fn take(&self) -> QueuedBytes {
        QueuedBytes(std::mem::take(&mut self.queue.borrow_mut()))
    }

    /// Puts back what [`Outbox::take`] took on another shard.
    pub(crate) fn restore(&self, queued: QueuedBytes) {
        *self.queue.borrow_mut() = queued.0;
    }

    /// Queues one piece; the caller flushes.
    pub(crate) fn push(&self, header: Inline, body: Bytes, piece: Piece) {
        let mut queue = self.queue.borrow_mut();
        if queue.failed.is_some() {
            return;
        }
        let item = Item { header, body, piece };
        queue.bytes += item.length();
        queue.items.push_back(item);
    }

    /// Everything queued now is a late joiner's start: it does not count against the bounds and is not dropped.
    pub(crate) fn mark_backlog(&self) {
        let mut queue = self.queue.borrow_mut();
        queue.backlog_items = queue.items.len();
        queue.backlog_bytes = queue.bytes;
    }

    /// Holds everything back until [`Outbox::uncork`].
    pub(crate) fn cork(&self) {
        self.corked.set(true);
    }

    /// Whether everything is held back.
    pub(crate) fn is_corked(&self) -> bool {
        self.corked.get()
    }

    /// Lets everything go, `first` before what is queued.
    pub(crate) fn uncork(&self, first: Bytes) {
        self.corked.set(false);
        let mut queue = self.queue.borrow_mut();
        queue.bytes += first.len();
        if queue.backlog_items > 0 {
            queue.backlog_items += 1;
            queue.backlog_bytes += first.len();
        }
        queue.items.push_front(Item { header: Inline::EMPTY, body: first, piece: Piece::Keep });
    }

    /// Queues bytes that are already framed.
    pub(crate) fn push_bytes(&self, bytes: Bytes) {
        self.push(Inline::EMPTY, bytes, Piece::Keep);
    }

    /// Whether media of the timestamp given should be dropped because too much waits before it.
    pub(crate) fn over_bound(&self, timestamp: i64) -> bool {
        let queue = self.queue.borrow();
        if queue.live_bytes() > MAX_QUEUED_BYTES {
            return true;
        }
        queue.oldest().is_some_and(|oldest| timestamp.saturating_sub(oldest) > MAX_QUEUED_MEDIA.as_millis() as i64)
    }

    /// Whether the connection must be closed: far over its bytes, or nothing taken for `grace`.
    pub(crate) fn hopeless(&self, now: Instant, grace: Duration) -> bool {
        let queue = self.queue.borrow();
        queue.live_bytes() > HARD_QUEUED_BYTES
            || queue.stalled_since.is_some_and(|since| now.saturating_duration_since(since) > grace)
    }

    /// Drops queued video messages that have not begun to leave; returns how many.
    pub(crate) fn drop_video(&self) -> u64 {
        let mut queue = self.queue.borrow_mut();
        let begun = queue.written > 0;
        let mut dropped = 0;
        let mut dropping = false;
        let mut freed = 0;
        let mut index = 0;
        let backlog = queue.backlog_items;
        // A message whose first chunk has left is finished: the peer's chunk reader waits for the rest.
        let mut in_begun = true;
        queue.items.retain(|item| {
            let front = index == 0;
            index += 1;
            if index <= backlog {
                return true;
            }
            match item.piece {
                Piece::Video(_) if !(front && begun) => {
                    in_begun = false;
                    dropping = true;
                    dropped += 1;
                    freed += item.length();
                    false
                }
                Piece::Continuation if dropping && !in_begun => {
                    freed += item.length();
                    false
                }
                Piece::Continuation => true,
                _ => {
                    in_begun = front && begun;
                    dropping = false;
                    true
                }
            }
        });
        queue.bytes -= freed;
        dropped
    }

    /// Writes as much as the socket takes. `Ok(true)` when nothing is left.
    pub(crate) fn flush(&self, now: Instant) -> io::Result<bool> {
        if self.corked.get() {
            return Ok(true);
        }
        let mut queue = self.queue.borrow_mut();
        if let Some(kind) = queue.failed {
            return Err(kind.into());
        }
        while !queue.items.is_empty() {
            let result = {
                let mut slices = [IoSlice::new(&[]); MAX_SLICES];
                let mut count = 0;
                let mut skip = queue.written;
                for item in &queue.items {
                    if count + 2 > MAX_SLICES {
                        break;
                    }
                    for part in [item.header.as_slice(), &item.body] {
                        let rest = part.get(skip.min(part.len())..).unwrap_or_default();
                        skip -= skip.min(part.len());
                        if !rest.is_empty() {
                            slices[count] = IoSlice::new(rest);
                            count += 1;
                        }
                    }
                }
                self.writes.set(self.writes.get().wrapping_add(1));
                self.socket.try_write_vectored(&slices[..count])
            };
            match result {
                Ok(0) => {
                    queue.failed = Some(io::ErrorKind::WriteZero);
                    return Err(io::ErrorKind::WriteZero.into());
                }
                Ok(taken) => {
                    queue.stalled_since = None;
                    self.bytes_out.set(self.bytes_out.get() + taken as u64);
                    queue.bytes -= taken;
                    queue.written += taken;
                    while let Some(front) = queue.items.front() {
                        let length = front.length();
                        if queue.written < length {
                            break;
                        }
                        queue.written -= length;
                        queue.items.pop_front();
                        if queue.backlog_items > 0 {
                            queue.backlog_items -= 1;
                            queue.backlog_bytes = queue.backlog_bytes.saturating_sub(length);
                        }
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    queue.stalled_since.get_or_insert(now);
                    return Ok(false);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    queue.failed = Some(error.kind());
                    return Err(error);
                }
            }
        }
        Ok(true)
    }

    /// Flushes for a caller that is not the connection's own task: a full socket or an error wakes that task.
    pub(crate) fn flush_or_wake(&self, now: Instant) {
        if !matches!(self.flush(now), Ok(true)) {
            self.wake.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    async fn pair() -> (Rc<TcpStream>, TcpStream) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let address = listener.local_addr().expect("address");
        let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        (Rc::new(client.expect("connect")), accepted.expect("accept").0)
    }

    #[tokio::test(flavor = "current_thread")]
    async fn bytes_arrive_in_order_across_short_writes() {
        let (socket, mut peer) = pair().await;
        let outbox = Outbox::new(socket.clone(), 0, Rc::default());
        let mut sent = Vec::new();
        for index in 0..2_000_u32 {
            let header = index.to_be_bytes();
            let body = Bytes::from(vec![index as u8; 3_000]);
            sent.extend_from_slice(&header);
            sent.extend_from_slice(&body);
            outbox.push(Inline::join(&[&header]).expect("fits"), body, Piece::Keep);
        }
        let total = sent.len();
        let reader = async move {
            let mut received = vec![0; total];
            peer.read_exact(&mut received).await.expect("read");
            received
        };
        let writer = async {
            while !outbox.flush(Instant::now()).expect("flush") {
                socket.writable().await.expect("writable");
            }
        };
        let (received, ()) = tokio::join!(reader, writer);
        assert!(received == sent);
        assert_eq!(outbox.bytes_out(), total as u64);
        assert_eq!(outbox.queue.borrow().bytes, 0);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn dropping_video_keeps_audio_and_what_has_begun() {
        let (socket, _peer) = pair().await;
        let outbox = Outbox::new(socket, 0, Rc::default());
        let body = Bytes::from_static(b"0123456789");
        outbox.push(Inline::EMPTY, body.clone(), Piece::Video(0));
        outbox.push(Inline::EMPTY, body.clone(), Piece::Continuation);
        outbox.push(Inline::EMPTY, body.clone(), Piece::Audio(5));
        outbox.push(Inline::EMPTY, body.clone(), Piece::Video(40));
        outbox.push(Inline::EMPTY, body.clone(), Piece::Continuation);
        outbox.push(Inline::EMPTY, body.clone(), Piece::Keep);
        outbox.queue.borrow_mut().written = 3;
        assert_eq!(outbox.drop_video(), 1);
        let kinds: Vec<_> = outbox.queue.borrow().items.iter().map(|item| item.piece).collect();
        assert_eq!(kinds, [Piece::Video(0), Piece::Continuation, Piece::Audio(5), Piece::Keep]);
        assert_eq!(outbox.queue.borrow().bytes, 40);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_late_joiners_start_is_neither_dropped_nor_counted() {
        let (socket, _peer) = pair().await;
        let outbox = Outbox::new(socket, 0, Rc::default());
        outbox.push(Inline::EMPTY, Bytes::from(vec![0; MAX_QUEUED_BYTES + 1]), Piece::Video(0));
        outbox.push(Inline::EMPTY, Bytes::from_static(b"x"), Piece::Video(9_000));
        outbox.mark_backlog();
        assert!(!outbox.over_bound(9_040));
        outbox.push(Inline::EMPTY, Bytes::from_static(b"x"), Piece::Video(9_040));
        assert!(outbox.over_bound(11_041), "what came after it counts");
        assert_eq!(outbox.drop_video(), 1);
        assert_eq!(outbox.queue.borrow().items.len(), 2);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn bounds_are_seen_in_bytes_and_time() {
        let (socket, _peer) = pair().await;
        let outbox = Outbox::new(socket, 0, Rc::default());
        outbox.push(Inline::EMPTY, Bytes::from_static(b"x"), Piece::Audio(1_000));
        assert!(!outbox.over_bound(3_000));
        assert!(outbox.over_bound(3_001));
        outbox.push(Inline::EMPTY, Bytes::from(vec![0; MAX_QUEUED_BYTES]), Piece::Video(1_000));
        assert!(outbox.over_bound(1_000));
    }
}
