//! The video jitter buffer: whole frames out, damaged ones never (RFC 6184 section 5; RFC 4585 for keyframe requests).
//!
//! A frame is whole when every packet from its first to its last has arrived. Its last packet is known by the next
//! packet's timestamp, or by a marker that has proven itself ([`MarkerTrust`]); its first by the end of the frame
//! before, or by what only an access unit's first packet can hold. After damage nothing leaves until a keyframe does.

use super::estimator::JitterEstimator;
use super::keyframe_request::KeyframeRequests;
use super::marker::MarkerTrust;
use super::scan::FrameScan;
use super::window::{Inserted, Window};
use super::{JitterConfig, JitterStatistics, MediaPacket};
use crate::h264::{AccessUnit, Depacketizer, Hints, ParameterSetError, ParameterSets};
use crate::unwrap::TimestampUnwrapper;
use bytes::Bytes;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Packets held at most. 250 ms at 60 Mbit/s; a source that never ends a frame or jumps must not take more.
const MAX_PACKETS: usize = 2_048;

/// Payload bytes held at most: 250 ms at 60 Mbit/s, or one keyframe of a 4K screen.
const MAX_BYTES: usize = 2 << 20;

/// How long the last packet of an unproven sender's frame must be followed by nothing until its marker is believed.
/// Senders put a frame's packets on the wire within a few milliseconds; without this the picture before a pause of a
/// shared screen would be seen only after the pause.
const QUIET: Duration = Duration::from_millis(30);

/// The video clock over RTP in ticks a second (RFC 6184 section 8.2.1).
const CLOCK_RATE: u32 = 90_000;

/// A whole frame, in decode order.
#[derive(Debug, Clone)]
pub struct VideoFrame {
    /// The RTP timestamp (presentation time), unwrapped, in ticks of 90 kHz; its low 32 bits are the packets'.
    pub timestamp: i64,
    /// The access unit in AVCC form with 4-byte lengths, without parameter sets, delimiters and filler.
    pub payload: Bytes,
    /// Whether it is an IDR picture.
    pub keyframe: bool,
    /// The parameter sets it was coded with; the pointer changes when the contents do.
    pub parameter_sets: Arc<ParameterSets>,
    /// When the first of its packets to arrive did.
    pub first_arrival: Instant,
    /// When the last of its packets to arrive did.
    pub last_arrival: Instant,
}

/// Counters of a video source since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VideoStatistics {
    /// Packets.
    pub packets: JitterStatistics,
    /// Frames handed out, keyframes among them.
    pub frames: u64,
    /// Keyframes handed out.
    pub keyframes: u64,
    /// Frames dropped because packets of them were missing or broken.
    pub damaged: u64,
    /// Whole frames dropped because they depend on damaged ones, or on parameter sets never seen.
    pub held: u64,
    /// Frames that were handed out on a marker that turned out to be early; at most one per source.
    pub cut_short: u64,
    /// Keyframe requests sent.
    pub keyframe_requests: u64,
}

/// How the end of a frame was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FrameEnd {
    /// The next frame's first packet is there.
    NextFrame,
    /// Its marker said so.
    Marker,
}

/// The jitter buffer of one video source (one SSRC).
///
/// After every [`Self::handle_packet`], and at [`Self::poll_timeout`], call [`Self::poll_frame`] until it gives `None`,
/// then [`Self::poll_keyframe_request`].
#[derive(Debug)]
pub struct VideoJitterBuffer {
    config: JitterConfig,
    window: Window<Hints>,
    scan: FrameScan,
    marker_trust: MarkerTrust,
    /// Whether what is in front of the window is known to be another frame.
    at_boundary: bool,
    /// The timestamp of the frame taken last, when only its marker ended it.
    ended_by_marker: Option<u32>,
    /// A packet that can only start a keyframe may be behind a hole.
    keyframe_start_seen: bool,
    /// Nothing leaves until a keyframe does.
    holding: bool,
    seen_in_band_sps: bool,
    depacketizer: Depacketizer,
    timestamps: TimestampUnwrapper,
    estimator: JitterEstimator,
    keyframe_requests: KeyframeRequests,
    statistics: VideoStatistics,
}

impl VideoJitterBuffer {
    /// A buffer before its first packet; it waits for a keyframe.
    pub fn new(config: JitterConfig) -> Self {
        Self {
            config,
            window: Window::new(MAX_PACKETS, MAX_BYTES),
            scan: FrameScan::default(),
            marker_trust: MarkerTrust::default(),
            at_boundary: false,
            ended_by_marker: None,
            keyframe_start_seen: false,
            holding: true,
            seen_in_band_sps: false,
            depacketizer: Depacketizer::new(),
            timestamps: TimestampUnwrapper::new(),
            estimator: JitterEstimator::new(CLOCK_RATE),
            keyframe_requests: KeyframeRequests::new(),
            statistics: VideoStatistics::default(),
        }
    }

    /// Parameter sets known from the session description (`sprop-parameter-sets`), as if seen in-band.
    ///
    /// # Errors
    /// A set cannot be kept; none of them is then.
    pub fn set_parameter_sets(&mut self, sps: &[Bytes], pps: &[Bytes]) -> Result<(), ParameterSetError> {
        self.depacketizer.set_parameter_sets(sps, pps)
    }

    /// Takes an arrived packet, in any order.
    pub fn handle_packet(&mut self, now: Instant, packet: MediaPacket) {
        let timestamp = packet.timestamp;
        let hints = Hints::of(&packet.payload);
        let head = self.window.head();
        let inserted = self.window.insert(now, packet, |packet| Hints::of(&packet.payload));
        if self.window.head() < head {
            self.scan = FrameScan::default();
        }
        let starts_keyframe = hints.delimits || (hints.idr && hints.starts_slices());
        if self.statistics.packets.received == 0 && !starts_keyframe {
            self.keyframe_requests.request(now);
        }
        self.statistics.packets.broken += u64::from(hints.broken);
        self.seen_in_band_sps |= hints.sps;
        self.keyframe_start_seen |= hints.sps && hints.delimits;
        self.statistics.packets.count(inserted);
        self.estimator.handle(now, timestamp, inserted);
        if inserted == Inserted::Restarted {
            self.lose_track(now);
        }
        while self.window.is_over_bounds() {
            self.skip_damage(now);
        }
    }

    /// The next whole frame in decode order, if there is one.
    pub fn poll_frame(&mut self, now: Instant) -> Option<VideoFrame> {
        loop {
            if let Some(end) = self.scan_frame(now) {
                if let Some(frame) = self.take_frame(now, end) {
                    return Some(frame);
                }
            } else if self.hole_deadline().is_some_and(|deadline| deadline <= now) {
                self.skip_damage(now);
            } else if !self.skip_to_keyframe() {
                return None;
            }
        }
    }

    /// Whether a keyframe is to be asked for now (RFC 4585 PLI); true at most once per 500 ms.
    pub fn poll_keyframe_request(&mut self, now: Instant) -> bool {
        self.keyframe_requests.poll(now)
    }

    /// Somebody behind this buffer wants a keyframe (a viewer joined or lost a picture); throttled with our own wishes.
    pub fn request_keyframe(&mut self, now: Instant) {
        self.keyframe_requests.request(now);
    }

    /// When there may be something to poll without a packet arriving; maybe in the past.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let due = [self.hole_deadline(), self.quiet_deadline(), self.keyframe_requests.poll_timeout()];
        due.into_iter().flatten().min()
    }

    /// Whether frames are held back until a keyframe comes.
    pub fn is_waiting_for_keyframe(&self) -> bool {
        self.holding
    }

    /// Counters since the start.
    pub fn statistics(&self) -> VideoStatistics {
        let mut statistics = self.statistics;
        statistics.packets.jitter = self.estimator.jitter();
        statistics.keyframe_requests = self.keyframe_requests.sent();
        statistics
    }

    /// Looks on from where the last look ended, for the end of the frame at the head of the window.
    fn scan_frame(&mut self, now: Instant) -> Option<FrameEnd> {
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
    fn take_frame(&mut self, now: Instant, end: FrameEnd) -> Option<VideoFrame> {
        let scan = std::mem::take(&mut self.scan);
        let first_known = self.at_boundary || scan.first().is_some_and(|first| self.starts_access_unit(&first));
        let cut_short = scan.starts_inside_picture() && self.ended_by_marker == scan.timestamp();
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

    /// Gives up the frame at the head of the window, and the hole behind it.
    fn skip_damage(&mut self, now: Instant) {
        let scanned = std::mem::take(&mut self.scan).length();
        self.drop_packets(scanned.max(1));
        while self.window.len() > 0 && self.window.get(0).is_none() {
            self.drop_packets(1);
        }
        self.statistics.damaged += 1;
        self.lose_track(now);
    }

    /// While waiting for a keyframe: goes to where one starts behind a hole, since nothing before it can leave.
    fn skip_to_keyframe(&mut self) -> bool {
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
    fn lose_track(&mut self, now: Instant) {
        self.scan = FrameScan::default();
        self.at_boundary = false;
        self.ended_by_marker = None;
        self.hold(now);
    }

    fn hold(&mut self, now: Instant) {
        self.holding = true;
        self.keyframe_requests.request(now);
    }

    /// Whether nothing of an access unit can be in front of this packet: it starts with a delimiter or an SPS, or with
    /// macroblock 0 when the sender does not send parameter sets in-band.
    fn starts_access_unit(&self, hints: &Hints) -> bool {
        hints.delimits || (hints.starts_slices() && !self.seen_in_band_sps)
    }

    /// When the hole behind the scanned packets is given up.
    fn hole_deadline(&self) -> Option<Instant> {
        let scanned = self.scan.length();
        let hole = scanned < self.window.len() && self.window.get(scanned).is_none();
        let waiting_since = self.window.oldest_arrival().filter(|_| hole)?;
        Some(waiting_since + self.estimator.wait(&self.config))
    }

    /// When the marker on the last packet there is gets believed.
    fn quiet_deadline(&self) -> Option<Instant> {
        let last_there_is = self.scan.length() == self.window.len();
        let unproven = matches!(self.marker_trust, MarkerTrust::Unproven(_));
        let last_arrival = self.scan.last_arrival().filter(|_| last_there_is && unproven)?;
        self.scan.ends_with_marker().then(|| last_arrival + QUIET)
    }
}
