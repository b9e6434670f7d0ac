//! Holes: how long they are waited for, and how the stream goes on behind them (RFC 4585 section 6.3.1).

use super::super::marker::MarkerTrust;
use super::super::scan::FrameScan;
use super::VideoJitterBuffer;
use std::time::{Duration, Instant};

/// How long the last packet of an unproven sender's frame must be followed by nothing until its marker is believed.
/// Senders put a frame's packets on the wire within a few milliseconds; without this the picture before a pause of a
/// shared screen would be seen only after the pause.
const QUIET: Duration = Duration::from_millis(30);

/// After this share of the wait behind a hole, in percent, a keyframe is asked for. Resends have failed several times by
/// then; the keyframe's way overlaps with the rest of the wait.
const DOUBT_PERCENT: u32 = 80;

impl VideoJitterBuffer {
    /// Gives up the frame at the head of the window, and the hole behind it.
    pub(super) fn skip_damage(&mut self, now: Instant) {
        let scanned = std::mem::take(&mut self.scan).length();
        self.drop_packets(scanned.max(1));
        while self.window.len() > 0 && self.window.get(0).is_none() {
            self.drop_packets(1);
        }
        self.statistics.damaged += 1;
        self.lose_track(now);
    }

    /// While waiting for a keyframe: goes to where one starts behind a hole, since nothing before it can leave.
    pub(super) fn skip_to_keyframe(&mut self) -> bool {
        let in_keyframe = self.scan.first().is_some_and(|first| first.sps);
        if !self.holding || in_keyframe || !std::mem::take(&mut self.keyframe_start_seen) {
            return false;
        }
        let starts = |index: &usize| self.window.get(*index).is_some_and(|slot| slot.hints.sps && slot.hints.delimits);
        let Some(start) = (self.scan.length()..self.window.len()).find(starts) else { return false };
        self.scan = FrameScan::default();
        self.drop_packets(start);
        self.at_boundary = false;
        true
    }

    fn drop_packets(&mut self, count: usize) {
        for _ in 0..count {
            if let Some(None) = self.window.pop() {
                self.statistics.packets.lost += 1;
            }
        }
    }

    /// What is in front of the window is unknown from here on.
    pub(super) fn lose_track(&mut self, now: Instant) {
        self.scan = FrameScan::default();
        self.at_boundary = false;
        self.ended_by_marker = None;
        self.hold(now);
    }

    pub(super) fn hold(&mut self, now: Instant) {
        self.holding = true;
        self.keyframe_requests.request(now);
    }

    /// Since when a packet has waited behind a hole.
    fn waiting_since(&self) -> Option<Instant> {
        let scanned = self.scan.length();
        let hole = scanned < self.window.len() && self.window.get(scanned).is_none();
        self.window.oldest_arrival().filter(|_| hole)
    }

    /// When the hole is given up.
    pub(super) fn hole_deadline(&self) -> Option<Instant> {
        self.waiting_since().map(|since| since + self.estimator.wait(&self.config))
    }

    /// When a hole that resends could still fill makes us ask for a keyframe.
    pub(super) fn doubt_deadline(&self) -> Option<Instant> {
        let since =
            self.waiting_since().filter(|_| self.config.retransmission && !self.keyframe_requests.is_wanted())?;
        Some(since + self.estimator.wait(&self.config) * DOUBT_PERCENT / 100)
    }

    /// When the marker on the last packet there is gets believed.
    pub(super) fn quiet_deadline(&self) -> Option<Instant> {
        let last_there_is = self.scan.length() == self.window.len();
        let unproven = matches!(self.marker_trust, MarkerTrust::Unproven(_));
        let last_arrival = self.scan.last_arrival().filter(|_| last_there_is && unproven)?;
        self.scan.ends_with_marker().then(|| last_arrival + QUIET)
    }
}
