//! The video jitter buffer: whole frames out, damaged ones never (RFC 6184 section 5; RFC 4585 for keyframe requests).
//!
//! A frame is whole when every packet from its first to its last has arrived. Its last packet is known by the next
//! packet's timestamp, or by a marker that has proven itself ([`MarkerTrust`]); its first by the end of the frame
//! before, or by what only an access unit's first packet can hold. After damage nothing leaves until a keyframe does.

mod assembly;
mod frame;
mod recovery;

pub use frame::{VideoFrame, VideoStatistics};

use super::estimator::JitterEstimator;
use super::keyframe_request::KeyframeRequests;
use super::marker::MarkerTrust;
use super::scan::FrameScan;
use super::window::{Inserted, Window};
use super::{JitterConfig, MediaPacket};
use crate::h264::{Depacketizer, Hints, ParameterSetError};
use crate::unwrap::TimestampUnwrapper;
use bytes::Bytes;
use std::time::Instant;

/// Packets held at most. 250 ms at 60 Mbit/s; a source that never ends a frame or jumps must not take more.
const MAX_PACKETS: usize = 2_048;

/// Payload bytes held at most: 250 ms at 60 Mbit/s, or one keyframe of a 4K screen.
const MAX_BYTES: usize = 2 << 20;

/// The video clock over RTP in ticks a second (RFC 6184 section 8.2.1).
const CLOCK_RATE: u32 = 90_000;

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
        let inserted = self.window.insert(now, packet, hints);
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
        if self.doubt_deadline().is_some_and(|deadline| deadline <= now) {
            self.keyframe_requests.request(now);
        }
        self.keyframe_requests.poll(now)
    }

    /// Somebody behind this buffer wants a keyframe (a viewer joined or lost a picture); throttled with our own wishes.
    pub fn request_keyframe(&mut self, now: Instant) {
        self.keyframe_requests.request(now);
    }

    /// When there may be something to poll without a packet arriving; maybe in the past.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let request = self.keyframe_requests.poll_timeout().or_else(|| self.doubt_deadline());
        let due = [self.hole_deadline(), self.quiet_deadline(), request];
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
}
