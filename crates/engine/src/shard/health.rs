//! The heartbeat of a shard: how late its timer fires says how busy its thread is.

use std::cell::Cell;
use std::time::Duration;

/// The last few heartbeats' worst lateness.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    lags: [Cell<Duration>; 10],
    next: Cell<usize>,
}

impl Heartbeat {
    pub(crate) fn new() -> Self {
        Self { lags: Default::default(), next: Cell::new(0) }
    }

    /// Records how late the timer fired.
    pub(crate) fn beat(&self, lag: Duration) {
        let next = self.next.get();
        if let Some(cell) = self.lags.get(next) {
            cell.set(lag);
        }
        self.next.set((next + 1) % self.lags.len());
    }

    /// The worst lateness of the last second, in milliseconds.
    pub(crate) fn lag_ms(&self) -> f64 {
        self.lags.iter().map(Cell::get).max().unwrap_or_default().as_secs_f64() * 1_000.0
    }
}
