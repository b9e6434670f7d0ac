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
    /// Where live was when it started, if what goes out is to be dated by when it does.
    live: Option<Duration>,
}

impl Pace {
    /// When media of this time goes out, from the start.
    fn ahead(&self, wallclock: Duration) -> Duration {
        wallclock.saturating_sub(self.from) / self.speed
    }

    /// By how much a unit of this time is dated later than it is: as if it were live media of its sending time, until
    /// what goes out is live indeed.
    fn postponed(&self, wallclock: Duration) -> Duration {
        let date = self.live.map(|live| live.saturating_add(self.ahead(wallclock)));
        date.map_or(Duration::ZERO, |date| date.saturating_sub(wallclock))
    }
}

/// A unit that waits.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) unit: Arc<PacketizedUnit>,
    /// How much later than the unit's own time it is to be dated.
    pub(super) postponed: Duration,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct PacedQueue {
    units: VecDeque<Queued>,
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
    ///
    /// `redated` pictures, and live ones until the replay has caught up with them, are dated by when they go out. Chromium
    /// learns from timestamps and arrivals how the sender's clock runs: a second of media in an eighth of a second makes
    /// it show live pictures without the delay that its lip sync asks for, for 12 s (measured).
    pub(super) fn replay(&mut self, now: Instant, group: &[Arc<PacketizedUnit>], speed: u32, redated: bool) {
        self.clear();
        let wallclock = |unit: Option<&Arc<PacketizedUnit>>| unit.map_or(Duration::ZERO, |u| u.wallclock);
        let (from, live) = (wallclock(group.first()), wallclock(group.last()));
        self.pace = Some(Pace { started: now, from, speed: speed.max(1), live: redated.then_some(live) });
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
        let keep = self.units.iter().rposition(|queued| queued.unit.keyframe).unwrap_or(self.units.len());
        let dropped = if keep == 0 { self.units.len() } else { keep };
        for queued in self.units.drain(..dropped) {
            self.bytes -= queued.unit.bytes.min(self.bytes);
        }
        dropped
    }

    fn append(&mut self, unit: &Arc<PacketizedUnit>) {
        let postponed = self.pace.map_or(Duration::ZERO, |pace| pace.postponed(unit.wallclock));
        self.bytes += unit.bytes;
        self.units.push_back(Queued { unit: unit.clone(), postponed });
    }

    fn is_over(&self) -> bool {
        let span = match (self.units.front(), self.units.back()) {
            (Some(first), Some(last)) => last.unit.wallclock.saturating_sub(first.unit.wallclock),
            _ => Duration::ZERO,
        };
        let limit = if self.is_paced() { MAX_REPLAY_SPAN } else { MAX_LIVE_SPAN };
        self.bytes > MAX_BYTES || span > limit
    }

    /// When the next unit may go; `None` when nothing waits for its time.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let (unit, pace) = (&self.units.front()?.unit, self.pace?);
        Some(pace.started.checked_add(pace.ahead(unit.wallclock)).unwrap_or(pace.started))
    }

    /// The next unit, if its time has come.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Queued> {
        if self.next_due().is_some_and(|due| due > now) {
            return None;
        }
        let queued = self.units.pop_front()?;
        self.bytes -= queued.unit.bytes.min(self.bytes);
        if self.units.is_empty() {
            // The live edge is reached: from here on units go as they come.
            self.pace = None;
        }
        Some(queued)
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
