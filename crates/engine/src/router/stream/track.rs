//! One track of a stream's current publisher: its configuration and its counters.

use crate::router::rate::RateMeter;
use rtmp_gateway_media::{CodecConfig, TrackKind, Unit};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Counters of one track of the current publisher.
pub(super) struct Track {
    pub(super) config: Arc<CodecConfig>,
    pub(super) units: u64,
    pub(super) keyframes: u64,
    pub(super) bytes: u64,
    pub(super) rate: RateMeter,
    pub(super) last_keyframe: Option<Instant>,
    pub(super) keyframe_interval: Option<Duration>,
}

impl Track {
    pub(super) fn new(now: Instant, config: Arc<CodecConfig>) -> Self {
        Self {
            config,
            units: 0,
            keyframes: 0,
            bytes: 0,
            rate: RateMeter::new(now),
            last_keyframe: None,
            keyframe_interval: None,
        }
    }

    pub(super) fn count(&mut self, now: Instant, unit: &Unit) {
        self.units += 1;
        self.bytes += unit.payload.len() as u64;
        self.rate.record(now, unit.payload.len());
        if unit.keyframe && unit.kind() == TrackKind::Video {
            self.keyframes += 1;
            if let Some(last) = self.last_keyframe.replace(now) {
                self.keyframe_interval = Some(now.saturating_duration_since(last));
            }
        }
    }
}
