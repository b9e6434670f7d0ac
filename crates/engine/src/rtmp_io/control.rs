//! What other tasks of the shard want of a connection; its own task carries it out.

use std::cell::RefCell;

/// Requests kept at most; each kind per message stream is kept once, so this is never reached by honest use.
const MAX_EVENTS: usize = 64;

/// A request to a connection's task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ControlEvent {
    /// The stream a player watches has ended for good.
    StreamEnded { message_stream_id: u32 },
    /// A publisher is back on the stream a player watches.
    StreamStarted { message_stream_id: u32 },
    /// Another publisher of the same identity took the name over.
    Replaced,
    /// The peer reads too slowly for too long.
    CloseTooSlow,
    /// The engine stops.
    Shutdown,
}

/// The requests that wait.
#[derive(Debug, Default)]
pub(crate) struct Control {
    events: RefCell<Vec<ControlEvent>>,
}

impl Control {
    pub(crate) fn push(&self, event: ControlEvent) {
        let mut events = self.events.borrow_mut();
        if events.len() < MAX_EVENTS && !events.contains(&event) {
            events.push(event);
        }
    }

    pub(crate) fn take(&self) -> Vec<ControlEvent> {
        std::mem::take(&mut self.events.borrow_mut())
    }
}
