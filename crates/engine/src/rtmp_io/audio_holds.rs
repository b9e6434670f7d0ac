//! Audio that waits for the next video frame to share its write: a small write costs nearly as much as a large one.
//!
//! Each stream flushes its players by its next video frame; what is here makes sure that audio leaves when none comes.

use crate::shard::ShardState;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Instant;
use tokio::sync::Notify;

/// The streams of a shard whose audio waits, earliest end first: the hold is the same for all of them.
#[derive(Debug, Default)]
pub(crate) struct AudioHolds {
    waiting: RefCell<VecDeque<(Instant, u64)>>,
    added: Notify,
    held: Cell<u64>,
    expired: Cell<u64>,
}

impl AudioHolds {
    /// Notes that a stream's audio waits until `until` at the latest.
    pub(crate) fn add(&self, until: Instant, stream: u64) {
        let mut waiting = self.waiting.borrow_mut();
        waiting.push_back((until, stream));
        if waiting.len() == 1 {
            self.added.notify_one();
        }
    }

    /// Counts an audio frame that waits.
    pub(crate) fn count(&self) {
        self.held.set(self.held.get() + 1);
    }

    /// Audio frames that waited so far.
    pub(crate) fn held(&self) -> u64 {
        self.held.get()
    }

    /// Waits that ended before a video frame came.
    pub(crate) fn expired(&self) -> u64 {
        self.expired.get()
    }
}

/// Lets audio go whose video frame does not come. Runs as long as the shard.
pub(crate) async fn run(shard: Rc<ShardState>) {
    let holds = &shard.audio_holds;
    loop {
        let front = holds.waiting.borrow().front().copied();
        let Some((until, id)) = front else {
            holds.added.notified().await;
            continue;
        };
        let stream = shard.router.borrow().by_id(id);
        // Most have left with a video frame by now and need no timer.
        let stream = stream.filter(|stream| stream.borrow().held_until() == Some(until));
        if let Some(stream) = stream {
            let now = Instant::now();
            if until > now {
                tokio::time::sleep_until(until.into()).await;
                continue;
            }
            holds.expired.set(holds.expired.get() + 1);
            stream.borrow_mut().release_audio(now);
        }
        holds.waiting.borrow_mut().pop_front();
    }
}
