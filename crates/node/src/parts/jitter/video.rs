//! `VideoJitterBuffer`: arrived H.264 packets to whole frames (RFC 6184 section 5, RFC 4585 section 6.3.1).

use super::super::argument::{Clock, buffer, copied, count};
use super::super::error::{H264, Result, error};
use super::super::h264_depacketizer::{H264ParameterSets, Shown};
use super::{JitterBufferOptions, JitterBufferStatistics, JitterPacketInput, config, packet};
use napi::bindgen_prelude::{Buffer, Uint8Array};
use napi_derive::napi;
use rtmp_gateway_rtp::jitter;

/// A whole frame, in decode order.
#[napi(object, object_from_js = false)]
pub struct VideoFrame {
    /// The RTP timestamp (presentation time) without wrapping, in ticks of 90 kHz; modulo 2^32 it is the packets'.
    pub timestamp: i64,
    /// The access unit in AVCC form: NAL units behind 4-byte lengths, without parameter sets, delimiters and filler.
    pub payload: Buffer,
    /// Whether it is an IDR picture.
    pub keyframe: bool,
    /// The parameter sets it was coded with: on keyframes, and whenever they have changed.
    pub parameter_sets: Option<H264ParameterSets>,
    /// When the first of its packets to arrive did, on the caller's clock.
    pub first_arrival_ms: f64,
    /// When the last of its packets to arrive did.
    pub last_arrival_ms: f64,
}

/// Counters of a video source since its start.
#[napi(object, object_from_js = false)]
pub struct VideoJitterStatistics {
    /// Packets.
    pub packets: JitterBufferStatistics,
    /// Frames handed out, keyframes among them.
    pub frames: i64,
    /// Keyframes handed out.
    pub keyframes: i64,
    /// Frames dropped because packets of them were missing or broken.
    pub damaged: i64,
    /// Whole frames dropped because they depend on damaged ones, or on parameter sets never seen.
    pub held: i64,
    /// Keyframe requests that were due.
    pub keyframe_requests: i64,
}

/// The jitter buffer of one H.264 source (one SSRC): whole frames out in decode order, damaged ones never.
///
/// After every `handlePacket`, and at `timeoutMs`, call `pollFrame` until it gives `null`, then `pollKeyframeRequest`.
/// Every `nowMs` is milliseconds of any one clock, `performance.now()` for instance; time that runs back stands still.
/// It holds at most 2048 packets and 2 MiB.
#[napi]
pub struct VideoJitterBuffer {
    buffer: jitter::VideoJitterBuffer,
    clock: Clock,
    shown: Shown,
}

#[napi]
impl VideoJitterBuffer {
    /// A buffer before its first packet; it waits for a keyframe.
    ///
    /// Throws `GW_ARGUMENT_INVALID` for an option out of range.
    #[napi(constructor, catch_unwind)]
    pub fn new(options: Option<JitterBufferOptions>) -> Result<Self> {
        let buffer = jitter::VideoJitterBuffer::new(config(options)?);
        Ok(Self { buffer, clock: Clock::new(), shown: Shown::default() })
    }

    /// Adds parameter sets known from the session description (`sprop-parameter-sets`), as if they had been seen in-band.
    ///
    /// Throws `GW_H264_INVALID` when a set cannot be kept; none of them is then.
    #[napi(catch_unwind)]
    pub fn set_parameter_sets(&mut self, sps: Vec<Uint8Array>, pps: Vec<Uint8Array>) -> Result<()> {
        let (sps, pps) = (copied(Some(sps)), copied(Some(pps)));
        self.buffer.set_parameter_sets(&sps, &pps).map_err(|failed| error(H264, failed))
    }

    /// Takes an arrived packet, in any order; decrypted, resends in their original form. What its payload holds is never
    /// an error here: damaged frames are dropped and counted.
    ///
    /// Throws `GW_ARGUMENT_INVALID` for a time or a field out of range.
    #[napi(catch_unwind)]
    pub fn handle_packet(&mut self, now_ms: f64, packet: JitterPacketInput) -> Result<()> {
        let packet = self::packet(&packet)?;
        self.buffer.handle_packet(self.clock.instant(now_ms)?, packet);
        Ok(())
    }

    /// The next whole frame, or `null`. Its payload is not copied again.
    ///
    /// Throws `GW_ARGUMENT_INVALID` for a time out of range.
    #[napi(catch_unwind)]
    pub fn poll_frame(&mut self, now_ms: f64) -> Result<Option<VideoFrame>> {
        let frame = self.buffer.poll_frame(self.clock.instant(now_ms)?);
        Ok(frame.map(|frame| VideoFrame {
            timestamp: frame.timestamp,
            payload: buffer(frame.payload),
            keyframe: frame.keyframe,
            parameter_sets: self.shown.news(frame.keyframe, Some(frame.parameter_sets)),
            first_arrival_ms: self.clock.milliseconds(frame.first_arrival),
            last_arrival_ms: self.clock.milliseconds(frame.last_arrival),
        }))
    }

    /// Whether to ask the sender for a keyframe now (picture loss indication, RFC 4585 section 6.3.1); true at most once
    /// in 500 ms, again and again until a keyframe comes.
    ///
    /// Throws `GW_ARGUMENT_INVALID` for a time out of range.
    #[napi(catch_unwind)]
    pub fn poll_keyframe_request(&mut self, now_ms: f64) -> Result<bool> {
        Ok(self.buffer.poll_keyframe_request(self.clock.instant(now_ms)?))
    }

    /// Somebody behind this buffer wants a keyframe; `pollKeyframeRequest` will say when.
    ///
    /// Throws `GW_ARGUMENT_INVALID` for a time out of range.
    #[napi(catch_unwind)]
    pub fn request_keyframe(&mut self, now_ms: f64) -> Result<()> {
        self.buffer.request_keyframe(self.clock.instant(now_ms)?);
        Ok(())
    }

    /// When to poll again if no packet arrives before, on the caller's clock; maybe in the past. `null`: not at all.
    #[napi(getter, catch_unwind)]
    pub fn timeout_ms(&self) -> Option<f64> {
        self.buffer.poll_timeout().map(|due| self.clock.milliseconds(due))
    }

    /// Whether frames are held back until a keyframe comes.
    #[napi(getter, catch_unwind)]
    pub fn waiting_for_keyframe(&self) -> bool {
        self.buffer.is_waiting_for_keyframe()
    }

    /// Counters since the start.
    #[napi(catch_unwind)]
    pub fn statistics(&self) -> VideoJitterStatistics {
        let statistics = self.buffer.statistics();
        VideoJitterStatistics {
            packets: statistics.packets.into(),
            frames: count(statistics.frames),
            keyframes: count(statistics.keyframes),
            damaged: count(statistics.damaged.saturating_add(statistics.cut_short)),
            held: count(statistics.held),
            keyframe_requests: count(statistics.keyframe_requests),
        }
    }
}
