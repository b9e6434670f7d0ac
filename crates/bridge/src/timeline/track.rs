//! One track of the time line: where its timestamps are, and when it was last heard of.

use rtmp_gateway_media::MediaTime;
use rtmp_gateway_rtp::ClockMapping;
use std::time::{Duration, Instant};

/// Difference, in microseconds, between what a track's timestamps and what its arrivals advanced by, above which the
/// sender's clock was set anew. Blackouts and bursts stay below.
const MAX_JUMP_MICROS: i64 = 10_000_000;

/// Least distance, in microseconds, of a newly placed packet from the one before: an Opus frame.
const MIN_STEP_MICROS: i64 = 20_000;

/// The last packet of a track.
#[derive(Debug, Clone, Copy)]
struct Last {
    timestamp: i64,
    micros: i64,
    arrival: Instant,
}

/// A track whose packets are placed one after the other.
#[derive(Debug)]
pub(super) struct Track {
    clock_rate: u32,
    pub(super) mapping: ClockMapping,
    /// A timestamp and its time on the time line, in microseconds.
    anchor: Option<(i64, i64)>,
    last: Option<Last>,
}

impl Track {
    pub(super) fn new(clock_rate: u32) -> Self {
        Self { clock_rate, mapping: ClockMapping::new(clock_rate), anchor: None, last: None }
    }

    pub(super) fn restart(&mut self) {
        self.mapping = ClockMapping::new(self.clock_rate);
        self.anchor = None;
    }

    fn to_micros(&self, ticks: i64) -> i64 {
        MediaTime::new(ticks, self.clock_rate).as_micros()
    }

    /// The time of a packet by the track's anchor; anchored by arrival when there is none or the timestamps jumped.
    pub(super) fn place(&mut self, timestamp: i64, arrival: Instant, other: &Self) -> i64 {
        if self.has_jumped(timestamp, arrival) {
            self.restart();
        }
        if let Some((anchor, micros)) = self.anchor {
            return micros.saturating_add(self.to_micros(timestamp.saturating_sub(anchor)));
        }
        // Beside the other track as its arrivals go; alone, behind its own past; never before it.
        let beside = |last: Last| last.micros.saturating_add(signed_micros(last.arrival, arrival));
        let micros = other.last.or(self.last).map_or(0, beside);
        let micros = self.last.map_or(micros, |last| micros.max(last.micros.saturating_add(MIN_STEP_MICROS)));
        self.anchor = Some((timestamp, micros));
        micros
    }

    fn has_jumped(&self, timestamp: i64, arrival: Instant) -> bool {
        let (Some(last), Some(_)) = (self.last, self.anchor) else { return false };
        let advanced = self.to_micros(timestamp.saturating_sub(last.timestamp));
        advanced < 0 || (advanced - signed_micros(last.arrival, arrival)).abs() > MAX_JUMP_MICROS
    }

    /// Moves everything from now on by `micros`.
    pub(super) fn shift(&mut self, micros: i64) {
        if let Some((_, at)) = &mut self.anchor {
            *at = at.saturating_add(micros);
        }
    }

    /// Remembers the packet as the track's last.
    pub(super) fn advance(&mut self, timestamp: i64, micros: i64, arrival: Instant) {
        self.last = Some(Last { timestamp, micros, arrival });
    }

    pub(super) fn last_micros(&self) -> Option<i64> {
        self.last.map(|last| last.micros)
    }

    /// Media time from the track's last packet to `timestamp`; `None` before the first and after a restart.
    pub(super) fn passed_micros(&self, timestamp: i64) -> Option<i64> {
        let (last, _) = (self.last?, self.anchor?);
        Some(self.to_micros(timestamp.saturating_sub(last.timestamp)))
    }

    /// The time of a timestamp in ticks of the track's clock, without rounding between packets.
    pub(super) fn exact(&self, timestamp: i64) -> MediaTime {
        let (anchor, micros) = self.anchor.unwrap_or((timestamp, 0));
        MediaTime::new(micros, 1_000_000).rescale(self.clock_rate).offset(timestamp.saturating_sub(anchor))
    }

    /// The time of an RTP timestamp near the track's last packet; `None` before the first.
    pub(super) fn micros_at(&self, rtp: u32) -> Option<i64> {
        let (last, (anchor, micros)) = (self.last?, self.anchor?);
        let timestamp = last.timestamp.saturating_add(i64::from(rtp.wrapping_sub(last.timestamp as u32) as i32));
        Some(micros.saturating_add(self.to_micros(timestamp.saturating_sub(anchor))))
    }
}

/// `to - from` in microseconds, negative when `to` is earlier.
fn signed_micros(from: Instant, to: Instant) -> i64 {
    let micros = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    match to.checked_duration_since(from) {
        Some(later) => micros(later),
        None => -micros(from.saturating_duration_since(to)),
    }
}
