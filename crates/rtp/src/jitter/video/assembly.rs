//! Frames out of the window: where they end, and whether they may leave (RFC 6184 section 5).

use super::super::marker::MarkerTrust;
use super::{VideoFrame, VideoJitterBuffer};
use crate::h264::AccessUnit;
use std::time::Instant;

/// How the end of a frame was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameEnd {
    /// The next frame's first packet is there.
    NextFrame,
    /// Its marker said so.
    Marker,
}

impl VideoJitterBuffer {
    /// Looks on from where the last look ended, for the end of the frame at the head of the window.
    pub(super) fn scan_frame(&mut self, now: Instant) -> Option<FrameEnd> {
        while let Some(slot) = self.window.get(self.scan.length()) {
            if self.scan.ends_before(slot) {
                if self.scan.ends_with_marker() {
                    self.marker_trust.confirm();
                }
                return Some(FrameEnd::NextFrame);
            }
            if self.scan.goes_on_behind_marker(slot) {
                self.marker_trust.refute();
            }
            self.scan.add(slot);
            if self.scan.ends_with_marker() && self.marker_trust == MarkerTrust::Proven {
                return Some(FrameEnd::Marker);
            }
        }
        self.quiet_deadline().filter(|deadline| *deadline <= now).map(|_| FrameEnd::Marker)
    }

    /// Takes the scanned frame out of the window; gives it if it may leave.
    pub(super) fn take_frame(&mut self, now: Instant, end: FrameEnd) -> Option<VideoFrame> {
        let scan = std::mem::take(&mut self.scan);
        // In front of macroblock 0 only parameter sets can be missing, and this sender may not send them in-band.
        let starts_picture = scan.has_slice() && !scan.starts_inside_picture() && !self.seen_in_band_sps;
        let first_known = self.at_boundary || scan.is_delimited() || starts_picture;
        let cut_short = scan.starts_inside_picture() && self.ended_by_marker == scan.timestamp();
        if self.at_boundary && scan.has_slice() && self.ended_by_marker.is_some() && !cut_short {
            // The marker was believed after a quiet time, and rightly so.
            self.marker_trust.confirm();
        }
        self.at_boundary = true;
        if scan.has_slice() {
            self.ended_by_marker = scan.timestamp().filter(|_| end == FrameEnd::Marker);
        }
        self.depacketizer.reserve(scan.bytes());
        let mut arrivals: Option<(Instant, Instant)> = None;
        for _ in 0..scan.length() {
            let Some(Some(slot)) = self.window.pop() else { break };
            let (first, last) = arrivals.unwrap_or((slot.arrival, slot.arrival));
            arrivals = Some((first.min(slot.arrival), last.max(slot.arrival)));
            // A damaged payload is remembered by the depacketizer and reported by `finish`.
            let _ = self.depacketizer.push(&slot.packet.payload);
        }
        if cut_short {
            self.statistics.cut_short += 1;
            self.marker_trust.refute();
        }
        match self.depacketizer.finish() {
            Ok(unit) if first_known && !cut_short => self.admit(now, unit?, scan.timestamp()?, arrivals?),
            finished => {
                // A frame whose first packet is unknown is behind a hole that has been counted.
                let damaged = finished.is_err() || cut_short;
                let counter = if damaged { &mut self.statistics.damaged } else { &mut self.statistics.held };
                *counter += 1;
                self.hold(now);
                None
            }
        }
    }

    /// A whole frame may leave unless it depends on one that did not, or on parameter sets that never came.
    fn admit(
        &mut self,
        now: Instant,
        unit: AccessUnit,
        timestamp: u32,
        (first_arrival, last_arrival): (Instant, Instant),
    ) -> Option<VideoFrame> {
        let AccessUnit { payload, keyframe, parameter_sets } = unit;
        let Some(parameter_sets) = parameter_sets.filter(|_| keyframe || !self.holding) else {
            self.statistics.held += 1;
            self.hold(now);
            return None;
        };
        if keyframe {
            self.holding = false;
            self.keyframe_requests.satisfied();
            self.statistics.keyframes += 1;
        }
        self.statistics.frames += 1;
        let timestamp = self.timestamps.unwrap(timestamp);
        Some(VideoFrame { timestamp, payload, keyframe, parameter_sets, first_arrival, last_arrival })
    }
}
