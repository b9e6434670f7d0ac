//! Jitter buffers: arrived packets in, media in order out, and when to ask again (RFC 3550 section 6.4.1 for jitter).
//!
//! Both buffers hand out in-order media at once and wait only behind a hole: they add nothing on a clean network.
//! Smoothing is the player's work; media keeps its timestamps.

mod audio;
mod estimator;
mod keyframe_request;
mod marker;
mod scan;
mod video;
mod window;

pub use audio::{AudioEvent, AudioJitterBuffer, AudioLoss, AudioPacket};
pub use keyframe_request::{KEYFRAME_REQUEST_INTERVAL, KeyframeRequests};
pub use video::{VideoFrame, VideoJitterBuffer, VideoStatistics};

use self::window::Inserted;
use crate::packet::RtpPacket;
use bytes::Bytes;
use std::time::Duration;

/// The longest that a hole may hold media back. More is noticed in conversation, and players buffer less.
pub const MAX_LATENCY: Duration = Duration::from_millis(250);

/// An arrived packet, as far as a jitter buffer cares: decrypted, of one source, resends in their original form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MediaPacket {
    /// The RTP sequence number.
    pub sequence_number: u16,
    /// The RTP timestamp.
    pub timestamp: u32,
    /// The marker bit.
    pub marker: bool,
    /// The payload, without padding.
    pub payload: Bytes,
}

impl From<RtpPacket> for MediaPacket {
    fn from(packet: RtpPacket) -> Self {
        let RtpPacket { header, payload, .. } = packet;
        Self { sequence_number: header.sequence_number, timestamp: header.timestamp, marker: header.marker, payload }
    }
}

/// How a jitter buffer waits behind a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JitterConfig {
    /// The longest wait, at most [`MAX_LATENCY`].
    pub max_latency: Duration,
    /// Whether lost packets are sent again (NACK was negotiated). Then a hole is worth the whole of `max_latency`; else
    /// only reordering fills holes, and the wait follows the measured jitter.
    pub retransmission: bool,
}

impl Default for JitterConfig {
    fn default() -> Self {
        Self { max_latency: MAX_LATENCY, retransmission: true }
    }
}

/// Counters of a source since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JitterStatistics {
    /// Packets that arrived, all of them.
    pub received: u64,
    /// Packets that had arrived before.
    pub duplicates: u64,
    /// Packets that arrived after their place was given up or handed out.
    pub late: u64,
    /// Packets that were given up.
    pub lost: u64,
    /// Packets whose payload breaks its format.
    pub broken: u64,
    /// Packets far outside the running sequence, dropped as strays.
    pub strays: u64,
    /// How often the sender restarted its sequence.
    pub restarts: u64,
    /// Interarrival jitter (RFC 3550 section 6.4.1).
    pub jitter: Duration,
}

impl JitterStatistics {
    fn count(&mut self, inserted: Inserted) {
        self.received += 1;
        match inserted {
            Inserted::Newest | Inserted::Filled { .. } => {}
            Inserted::Duplicate => self.duplicates += 1,
            Inserted::Late { .. } => self.late += 1,
            Inserted::Suspect => self.strays += 1,
            Inserted::Restarted => {
                // The suspect before it was no stray.
                self.strays = self.strays.saturating_sub(1);
                self.restarts += 1;
            }
        }
    }
}
