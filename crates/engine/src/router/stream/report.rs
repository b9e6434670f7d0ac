//! A stream as the API shows it.

use super::Stream;
use crate::router::webrtc_output::WebrtcOutput;
use crate::snapshot::{AudioSnapshot, PublisherSnapshot, StreamSnapshot, VideoSnapshot};
use rtmp_gateway_media::CodecConfig;
use std::time::Instant;

impl Stream {
    /// The stream as the API shows it; `None` without a publisher.
    pub(crate) fn snapshot(&mut self, now: Instant, shard: u32) -> Option<StreamSnapshot> {
        let live = self.live.as_ref()?;
        let video = self.video.as_mut().map(|track| {
            let (fps, bitrate) = track.rate.rates(now);
            let h264 = track.config.as_h264();
            let id = h264.map(|config| config.profile_level_id());
            VideoSnapshot {
                codec: track.config.name(),
                profile: id.map(|[profile, _, _]| profile),
                level: id.map(|[_, _, level]| level),
                width: h264.map_or(0, |config| config.width()),
                height: h264.map_or(0, |config| config.height()),
                fps,
                frames: track.units,
                keyframes: track.keyframes,
                bytes: track.bytes,
                bitrate,
            }
        });
        let audio = self.audio.as_mut().map(|track| {
            let (_, bitrate) = track.rate.rates(now);
            let (sample_rate, channels) = match &*track.config {
                CodecConfig::Aac(config) => (config.sample_rate(), config.channels()),
                CodecConfig::Opus(config) => (48_000, config.channels),
                _ => (0, 0),
            };
            AudioSnapshot {
                codec: track.config.name(),
                sample_rate,
                channels,
                frames: track.units,
                bytes: track.bytes,
                bitrate,
            }
        });
        Some(StreamSnapshot {
            room: self.key.room.to_string(),
            name: self.key.name.to_string(),
            published_at_ms: live.since_unix_ms,
            publisher: PublisherSnapshot {
                protocol: live.publisher.protocol,
                connection_id: live.publisher.connection_id,
                remote_address: live.publisher.remote,
            },
            skew_ms: self.skew_micros.map(|skew| skew as f64 / 1_000.0),
            idle_ms: self.last_unit.map_or(0, |at| now.saturating_duration_since(at).as_millis() as u64),
            webrtc_video: self.webrtc.as_ref().map(WebrtcOutput::video_state),
            video,
            audio,
            players: self.players.len() as u32,
            viewers: self.webrtc.as_ref().map_or(0, |webrtc| webrtc.viewers.len() as u32),
            rejected_units: self.rejected + self.webrtc.as_ref().map_or(0, |webrtc| webrtc.failed),
            dropped_units: self.dropped,
            shard,
        })
    }
}
