//! Units to RTP payloads, once per stream and shared by all its viewers (RFC 6184, RFC 7587).
//!
//! Both tracks' times map to one media clock (`wallclock`), so that sender reports of sound and picture agree.

mod audio;
mod references;
mod reordering;

use audio::AudioClock;
use reordering::ReorderingGuard;
use rtmp_gateway_media::{CodecConfig, H264Config, MediaTime, TrackKind, Unit};
use rtmp_gateway_rtp::RtpPayload;
use rtmp_gateway_rtp::h264::{InBandParameterSets, PacketizationMode, PacketizeError, Packetizer};
use rtmp_gateway_rtp::opus::{self, OpusError};
use std::time::Duration;
use thiserror::Error;

/// RTP time, in seconds, of stream time 0: units shortly before the stream's first message keep positive timestamps.
const ORIGIN_SECONDS: i64 = 60;

/// One unit as RTP: every payload of it has the same timestamp.
#[derive(Debug, Clone)]
pub struct RtpUnit {
    /// Audio or video.
    pub kind: TrackKind,
    /// Whether a viewer may start here: an IDR picture with its parameter sets in front; true for audio.
    pub keyframe: bool,
    /// RTP timestamp, unwrapped: 90 kHz for video, 48 kHz for Opus; each viewer's session adds its own offset.
    pub timestamp: u64,
    /// Media time since the stream's epoch, on one clock for both tracks: what sender reports map the timestamp to.
    pub wallclock: Duration,
    /// Payloads in sending order; the last one of a picture is marked.
    pub payloads: Vec<RtpPayload>,
}

/// Most a picture may be shown after it was decoded, in ms (16 frames at 10 fps). Larger offsets are an encoder's mistake.
const MAX_COMPOSITION_MS: i64 = 1_600;

/// How much of a stream's video reaches RTP viewers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VideoState {
    /// Every picture.
    #[default]
    Full,
    /// Without B pictures: browsers show them in the wrong order.
    Reduced,
    /// Only keyframes: other pictures refer to B pictures.
    KeyframesOnly,
}

impl std::fmt::Display for VideoState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Full => "full",
            Self::Reduced => "reduced",
            Self::KeyframesOnly => "keyframes-only",
        })
    }
}

/// A unit that cannot be sent as RTP; the stream goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UnitsToRtpError {
    /// The access unit does not split into NAL units.
    #[error("video: {0}")]
    Video(#[from] PacketizeError),
    /// Not an Opus packet.
    #[error("audio: {0}")]
    Audio(#[from] OpusError),
}

/// Packetizes one stream.
#[derive(Debug)]
pub struct UnitsToRtp {
    video: Packetizer,
    audio: opus::Packetizer,
    audio_clock: AudioClock,
    reordering: ReorderingGuard,
    /// How far presentation times are ahead of the units' arrival, in ms: taken off both tracks' wall clock, which must not
    /// be in the future.
    composition_shift: i64,
}

impl UnitsToRtp {
    /// An adapter whose payloads are at most `max_payload_size` bytes.
    pub fn new(max_payload_size: usize) -> Self {
        Self {
            video: Packetizer::new(PacketizationMode::NonInterleaved, max_payload_size),
            audio: opus::Packetizer::new(),
            audio_clock: AudioClock::default(),
            reordering: ReorderingGuard::default(),
            composition_shift: 0,
        }
    }

    /// The RTP form of a unit; `None` when there is nothing to send (no browser plays its codec, it is a B picture, or
    /// nothing is left of it). Units must come in decode order.
    ///
    /// Errors: the unit is malformed; it is dropped and the next one may be good.
    pub fn push(&mut self, unit: &Unit) -> Result<Option<RtpUnit>, UnitsToRtpError> {
        match &*unit.config {
            CodecConfig::H264(config) => self.push_video(unit, config),
            CodecConfig::Opus(_) => self.push_audio(unit).map(Some),
            CodecConfig::Aac(_) | CodecConfig::Other(_) => Ok(None),
        }
    }

    /// How much of the video goes out, with the current configuration.
    pub fn state(&self) -> VideoState {
        self.reordering.state()
    }

    fn push_video(&mut self, unit: &Unit, config: &H264Config) -> Result<Option<RtpUnit>, UnitsToRtpError> {
        if !self.reordering.admit(unit, config) {
            return Ok(None);
        }
        // In-band before every IDR, whatever the SDP says: with sprop alone Chromium shows nothing.
        let sets = unit.keyframe.then(|| InBandParameterSets { sps: self.reordering.sps(), pps: config.pps() });
        let payloads = self.video.packetize(&unit.payload, config.nal_length_size(), sets)?;
        if payloads.is_empty() {
            return Ok(None);
        }
        let composition = unit.pts.as_millis().saturating_sub(unit.dts.as_millis());
        self.composition_shift = self.composition_shift.max(composition.min(MAX_COMPOSITION_MS));
        let time = unit.pts.rescale(MediaTime::VIDEO_RTP);
        Ok(Some(RtpUnit {
            kind: TrackKind::Video,
            keyframe: unit.keyframe,
            timestamp: rtp_timestamp(time),
            wallclock: self.since_epoch(unit.pts),
            payloads,
        }))
    }

    fn push_audio(&mut self, unit: &Unit) -> Result<RtpUnit, UnitsToRtpError> {
        let (payload, samples) = self.audio.packetize(&unit.payload)?;
        let (time, wallclock) = self.audio_clock.next(unit.pts.rescale(opus::CLOCK_RATE), samples);
        Ok(RtpUnit {
            kind: TrackKind::Audio,
            keyframe: true,
            timestamp: rtp_timestamp(time),
            wallclock: self.since_epoch(wallclock),
            payloads: vec![payload],
        })
    }

    fn since_epoch(&self, time: MediaTime) -> Duration {
        time.saturating_since(MediaTime::from_millis(self.composition_shift))
    }
}

fn rtp_timestamp(time: MediaTime) -> u64 {
    let origin = ORIGIN_SECONDS * i64::from(time.clock_rate());
    time.ticks().saturating_add(origin).max(0) as u64
}

#[cfg(test)]
mod tests;
