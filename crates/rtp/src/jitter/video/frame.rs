//! What the video jitter buffer hands out, and what it counts.

use super::super::JitterStatistics;
use crate::h264::ParameterSets;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Instant;

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
