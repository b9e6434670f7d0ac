//! Who sends and who receives: the streams of one shard.

pub(crate) mod gop;
pub(crate) mod key;
pub(crate) mod outgoing;
pub(crate) mod player;
pub(crate) mod rate;
pub(crate) mod rtmp_audio;
pub(crate) mod stream;
pub(crate) mod timeline;
pub(crate) mod webrtc_output;

use crate::options::MAX_STREAMS;
use crate::shard::ShardState;
use crate::snapshot::StreamSnapshot;
use key::StreamKey;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::time::Instant;
use stream::Stream;

/// A stream shared between its publisher's task, its players' tasks and the shard.
pub(crate) type SharedStream = Rc<RefCell<Stream>>;

/// The streams of one shard, live or waited for.
#[derive(Default)]
pub(crate) struct Router {
    streams: HashMap<StreamKey, SharedStream>,
    by_id: HashMap<u64, Weak<RefCell<Stream>>>,
    last_id: u64,
}

impl Router {
    /// The stream if it exists.
    pub(crate) fn get(&self, key: &StreamKey) -> Option<SharedStream> {
        self.streams.get(key).cloned()
    }

    /// The stream, made when it does not exist; `None` when the shard has too many.
    pub(crate) fn get_or_create(&mut self, key: &StreamKey) -> Option<SharedStream> {
        if let Some(stream) = self.streams.get(key) {
            return Some(stream.clone());
        }
        if self.streams.len() >= MAX_STREAMS {
            return None;
        }
        self.last_id += 1;
        let stream = Rc::new(RefCell::new(Stream::new(key.clone(), self.last_id)));
        self.streams.insert(key.clone(), stream.clone());
        self.by_id.insert(self.last_id, Rc::downgrade(&stream));
        Some(stream)
    }

    /// Ends grace times and forgets streams that nobody publishes or waits for.
    pub(crate) fn tick(&mut self, now: Instant, shard: &ShardState) {
        self.streams.retain(|_, stream| {
            let mut stream = stream.borrow_mut();
            stream.tick(now, shard);
            !stream.is_unused()
        });
        self.by_id.retain(|_, stream| stream.strong_count() > 0);
    }

    /// How many streams have a publisher.
    pub(crate) fn live(&self) -> usize {
        self.streams.values().filter(|stream| stream.borrow().is_live()).count()
    }

    /// Every live stream.
    pub(crate) fn snapshots(&self, now: Instant, shard: u32) -> Vec<StreamSnapshot> {
        self.streams.values().filter_map(|stream| stream.borrow_mut().snapshot(now, shard)).collect()
    }

    /// The stream of an id, which the transcoder and the WebRTC side know it by.
    pub(crate) fn by_id(&self, id: u64) -> Option<SharedStream> {
        self.by_id.get(&id)?.upgrade()
    }
}
