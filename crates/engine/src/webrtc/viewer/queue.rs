//! The video of one viewer between stream and socket: paced while a group of pictures is caught up with, bounded always.

use crate::webrtc::PacketizedUnit;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most bytes that wait; the payloads are shared with the stream's cache, so that this bounds delay, not memory.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// The longest stretch of media that waits while a cached group of pictures is replayed.
const MAX_REPLAY_SPAN: Duration = Duration::from_secs(12);
/// The longest stretch of live media that waits for the socket: later is not live any more.
const MAX_LIVE_SPAN: Duration = Duration::from_secs(1);

/// How fast, and since when, media is released.
#[derive(Debug, Clone, Copy)]
struct Pace {
    started: Instant,
    from: Duration,
    speed: u32,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct PacedQueue {
    units: VecDeque<Arc<PacketizedUnit>>,
    bytes: usize,
    pace: Option<Pace>,
}

impl PacedQueue {
    pub(super) fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// Whether a replay is under way.
    pub(super) fn is_paced(&self) -> bool {
        self.pace.is_some()
    }

    /// Replaces what waits by a group of pictures, released at `speed` times its media rate.
    pub(super) fn replay(&mut self, now: Instant, group: &[Arc<PacketizedUnit>], speed: u32) {
        self.clear();
        let from = group.first().map_or(Duration::ZERO, |u| u.wallclock);
        self.pace = Some(Pace { started: now, from, speed: speed.max(1) });
        for unit in group {
            self.append(unit);
        }
    }

    /// Adds a live unit. Gives how many units were dropped to stay within the bounds; when nothing is left to decode
    /// from, the queue is empty and the caller must wait for a keyframe.
    pub(super) fn push(&mut self, unit: &Arc<PacketizedUnit>) -> usize {
        self.append(unit);
        if !self.is_over() {
            return 0;
        }
        self.pace = None;
        // The newest keyframe that waits is where the viewer goes on; before it everything is late.
        let keep = self.units.iter().rposition(|u| u.keyframe).unwrap_or(self.units.len());
        let dropped = if keep == 0 { self.units.len() } else { keep };
        for unit in self.units.drain(..dropped) {
            self.bytes -= unit.bytes.min(self.bytes);
        }
        dropped
    }

    fn append(&mut self, unit: &Arc<PacketizedUnit>) {
        self.bytes += unit.bytes;
        self.units.push_back(unit.clone());
    }

    fn is_over(&self) -> bool {
        let span = match (self.units.front(), self.units.back()) {
            (Some(first), Some(last)) => last.wallclock.saturating_sub(first.wallclock),
            _ => Duration::ZERO,
        };
        let limit = if self.is_paced() { MAX_REPLAY_SPAN } else { MAX_LIVE_SPAN };
        self.bytes > MAX_BYTES || span > limit
    }

    /// When the next unit may go; `None` when nothing waits for its time.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let (unit, pace) = (self.units.front()?, self.pace?);
        let ahead = unit.wallclock.saturating_sub(pace.from) / pace.speed;
        Some(pace.started.checked_add(ahead).unwrap_or(pace.started))
    }

    /// The next unit, if its time has come.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Arc<PacketizedUnit>> {
        if self.next_due().is_some_and(|due| due > now) {
            return None;
        }
        let unit = self.units.pop_front()?;
        self.bytes -= unit.bytes.min(self.bytes);
        if self.units.is_empty() {
            // The live edge is reached: from here on units go as they come.
            self.pace = None;
        }
        Some(unit)
    }

    /// Drops everything; gives how many units that were.
    pub(super) fn clear(&mut self) -> usize {
        self.pace = None;
        self.bytes = 0;
        let dropped = self.units.len();
        self.units.clear();
        dropped
    }
}
