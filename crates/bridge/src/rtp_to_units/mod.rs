//! RTP packets of a publisher to units: jitter buffers, depacketizing and the time line (RFC 6184, RFC 7587).
//!
//! Frames leave whole or not at all. Where sound stays away beside running video, silence takes its place, so that RTMP
//! players, which wait for every track, never stall.

mod silence;

use crate::Item;
use crate::timeline::Timeline;
use bytes::Bytes;
use rtmp_gateway_media::{CodecConfig, H264Config, MediaTime, OpusConfig, TrackKind, Unit};
use rtmp_gateway_rtp::h264::ParameterSets;
use rtmp_gateway_rtp::jitter::{
    AudioEvent, AudioJitterBuffer, AudioPacket, JitterConfig, JitterStatistics, VideoFrame, VideoJitterBuffer,
    VideoStatistics,
};
use rtmp_gateway_rtp::{MediaPacket, NtpTime};
use silence::SilenceFiller;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

/// What happened on a publisher's stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RtpToUnitsStatistics {
    /// The video jitter buffer's counts.
    pub video: VideoStatistics,
    /// The audio jitter buffer's counts.
    pub audio: JitterStatistics,
    /// Units that left.
    pub units: u64,
    /// Units of silence among them.
    pub silence: u64,
    /// Audio packets that came after silence had taken their place.
    pub late_audio: u64,
    /// Frames whose parameter sets could not be used.
    pub bad_configs: u64,
    /// Video minus audio against their sender reports, in microseconds; `None` until both tracks have one.
    pub skew_micros: Option<i64>,
}

/// Turns one publisher's RTP packets into [`Item`]s.
///
/// After each call that takes `now`, and when [`RtpToUnits::poll_timeout`] is due (then call
/// [`RtpToUnits::handle_timeout`] first): poll items and keyframe requests.
#[derive(Debug)]
pub struct RtpToUnits {
    jitter: JitterConfig,
    video: VideoJitterBuffer,
    audio: AudioJitterBuffer,
    timeline: Timeline,
    silence: SilenceFiller,
    parameter_sets: Option<Arc<ParameterSets>>,
    video_config: Option<Arc<CodecConfig>>,
    audio_config: Option<Arc<CodecConfig>>,
    items: VecDeque<Item>,
    counters: RtpToUnitsStatistics,
}

impl RtpToUnits {
    /// An adapter for a publisher that connects.
    pub fn new(jitter: JitterConfig) -> Self {
        Self {
            jitter,
            video: VideoJitterBuffer::new(jitter),
            audio: AudioJitterBuffer::new(jitter),
            timeline: Timeline::new(),
            silence: SilenceFiller::default(),
            parameter_sets: None,
            video_config: None,
            audio_config: None,
            items: VecDeque::new(),
            counters: RtpToUnitsStatistics::default(),
        }
    }

    /// Takes parameter sets of the session description (`sprop-parameter-sets`); unusable ones are ignored, senders repeat
    /// them in-band.
    pub fn set_parameter_sets(&mut self, sps: &[Bytes], pps: &[Bytes]) {
        if self.video.set_parameter_sets(sps, pps).is_err() {
            self.counters.bad_configs += 1;
        }
    }

    /// Takes a packet of the H.264 track.
    pub fn handle_video(&mut self, now: Instant, packet: MediaPacket) {
        self.video.handle_packet(now, packet);
        self.drain(now);
    }

    /// Takes a packet of the Opus track.
    pub fn handle_audio(&mut self, now: Instant, packet: MediaPacket) {
        self.audio.handle_packet(now, packet);
        self.drain(now);
    }

    /// Takes a sender report of a track: at the sender's wall-clock time `ntp` its RTP clock showed `rtp`.
    pub fn handle_sender_report(&mut self, kind: TrackKind, ntp: NtpTime, rtp: u32) {
        self.timeline.handle_sender_report(kind, ntp, rtp);
    }

    /// The track comes from another source now (a new SSRC): sequence numbers and timestamps start anew, the time line
    /// goes on.
    pub fn restart_track(&mut self, kind: TrackKind) {
        self.timeline.restart(kind);
        match kind {
            TrackKind::Video => self.video = VideoJitterBuffer::new(self.jitter),
            TrackKind::Audio => self.audio = AudioJitterBuffer::new(self.jitter),
        }
    }

    /// Somebody who watches needs a keyframe.
    pub fn request_keyframe(&mut self, now: Instant) {
        self.video.request_keyframe(now);
    }

    /// Whether to ask the publisher for a keyframe now (PLI); throttled, and repeated until one comes.
    pub fn poll_keyframe_request(&mut self, now: Instant) -> bool {
        self.video.poll_keyframe_request(now)
    }

    /// When [`RtpToUnits::handle_timeout`] is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        [self.video.poll_timeout(), self.audio.poll_timeout()].into_iter().flatten().min()
    }

    /// Time has passed: gives up what is not worth waiting for.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.drain(now);
    }

    /// What came of the packets so far, in order; call until `None`. Units of video are on a 90 kHz clock, of audio on a 48
    /// kHz clock, both from the first packet on.
    pub fn poll_item(&mut self) -> Option<Item> {
        self.items.pop_front()
    }

    /// Counts and the A/V skew.
    pub fn statistics(&self) -> RtpToUnitsStatistics {
        RtpToUnitsStatistics {
            video: self.video.statistics(),
            audio: self.audio.statistics(),
            skew_micros: self.timeline.skew_micros(),
            ..self.counters
        }
    }

    fn drain(&mut self, now: Instant) {
        while let Some(event) = self.audio.poll_audio(now) {
            // What is lost shows as a step in time, which whoever decodes conceals (the next packet may carry FEC).
            if let AudioEvent::Packet(packet) = event {
                self.push_audio(packet);
            }
        }
        while let Some(frame) = self.video.poll_frame(now) {
            self.push_video(now, frame);
        }
    }

    fn push_audio(&mut self, packet: AudioPacket) {
        let time = self.timeline.audio_time(packet.timestamp, packet.arrival);
        while let Some(silence) = self.silence.poll_before(time) {
            self.push_silence(silence);
        }
        if !self.silence.handle_packet(time, packet.info.samples) {
            self.counters.late_audio += 1;
            return;
        }
        let config = match &self.audio_config {
            Some(config) => config.clone(),
            None => {
                // Two channels whatever comes: senders switch between mono and stereo, the configuration stays.
                let config = Arc::new(CodecConfig::Opus(OpusConfig { channels: 2, pre_skip: 0 }));
                self.items.push_back(Item::Config(config.clone()));
                self.audio_config.insert(config).clone()
            }
        };
        self.push_unit(Unit { payload: packet.payload, dts: time, pts: time, keyframe: true, config });
    }

    fn push_video(&mut self, now: Instant, frame: VideoFrame) {
        let Some(config) = self.config_of(&frame) else {
            self.counters.bad_configs += 1;
            self.video.request_keyframe(now);
            return;
        };
        let time = self.timeline.video_time(frame.timestamp, frame.first_arrival);
        while let Some(silence) = self.silence.poll(time) {
            self.push_silence(silence);
        }
        self.push_unit(Unit { payload: frame.payload, dts: time, pts: time, keyframe: frame.keyframe, config });
    }

    /// The configuration of the frame's parameter sets; `None` when they are no usable ones.
    fn config_of(&mut self, frame: &VideoFrame) -> Option<Arc<CodecConfig>> {
        if self.parameter_sets.as_ref().is_some_and(|known| Arc::ptr_eq(known, &frame.parameter_sets)) {
            return self.video_config.clone();
        }
        self.parameter_sets = Some(frame.parameter_sets.clone());
        let config = H264Config::from_parameter_sets(&frame.parameter_sets.sps, &frame.parameter_sets.pps);
        let config = config.ok().map(CodecConfig::H264);
        if self.video_config.as_deref() != config.as_ref() {
            self.video_config = config.map(Arc::new);
            self.items.extend(self.video_config.clone().map(Item::Config));
        }
        self.video_config.clone()
    }

    fn push_silence(&mut self, (time, payload): (MediaTime, Bytes)) {
        let Some(config) = self.audio_config.clone() else { return };
        self.counters.silence += 1;
        self.push_unit(Unit { payload, dts: time, pts: time, keyframe: true, config });
    }

    fn push_unit(&mut self, unit: Unit) {
        self.counters.units += 1;
        self.items.push_back(Item::Unit(unit));
    }
}

#[cfg(test)]
mod tests;
