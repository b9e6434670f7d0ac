//! A unit of media cut into RTP payloads once, shared by every viewer of its stream (RFC 6184, RFC 7587 payloads).

use rtmp_gateway_media::TrackKind;
use rtmp_gateway_rtp::RtpPayload;
use std::time::Duration;

/// The largest RTP payload that is sent, in bytes: what fits an Ethernet frame beside IPv6, UDP, RTP with its
/// extensions, RTX and SRTP. Larger payloads are a bug of the packetizer; the unit that holds one is dropped.
pub const MAX_PAYLOAD: usize = 1_400;

/// The size to cut payloads to, in bytes.
pub const PAYLOAD_TARGET: usize = rtmp_gateway_rtp::DEFAULT_MAX_PAYLOAD_SIZE;

/// One access unit of H.264 or one Opus packet as RTP payloads. Share it as `Arc`: viewers clone no payload.
#[derive(Debug, Clone)]
pub struct PacketizedUnit {
    /// Audio or video.
    pub kind: TrackKind,
    /// Whether decoding can start here. A video keyframe carries SPS and PPS in its first payload.
    pub keyframe: bool,
    /// The stream's RTP timestamp, unwrapped: 90 kHz for video, 48 kHz for audio.
    pub rtp_timestamp: u64,
    /// Media time since the stream's epoch, on one clock for audio and video: what sender reports are made of.
    pub wallclock: Duration,
    /// The payloads in sending order, each at most [`MAX_PAYLOAD`] bytes.
    pub payloads: Vec<RtpPayload>,
    /// The sum of the payloads' lengths.
    pub bytes: usize,
}

impl PacketizedUnit {
    /// A unit of these payloads; counts its bytes.
    pub fn new(
        kind: TrackKind,
        keyframe: bool,
        rtp_timestamp: u64,
        wallclock: Duration,
        payloads: Vec<RtpPayload>,
    ) -> Self {
        let bytes = payloads.iter().map(|p| p.payload.len()).sum();
        Self { kind, keyframe, rtp_timestamp, wallclock, payloads, bytes }
    }

    /// Whether every payload can be sent.
    pub fn is_sendable(&self) -> bool {
        !self.payloads.is_empty() && self.payloads.iter().all(|p| p.payload.len() <= MAX_PAYLOAD)
    }
}
