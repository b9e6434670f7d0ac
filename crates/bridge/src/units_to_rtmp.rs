//! Units to RTMP and FLV messages: the message once per stream, its timestamp per player.

use bytes::Bytes;
use rtmp_gateway_flv::{BodyHeader, TagKind};
use rtmp_gateway_media::{CodecConfig, TrackKind, Unit};

/// Step in ms from the last unit of one publisher to the first of the next.
const RESTART_STEP: i64 = 40;

/// A message body as `prefix` and `payload`, shared by all players of a stream; cloning copies no payload.
#[derive(Debug, Clone)]
pub struct RtmpMessage {
    /// Audio, video or script data.
    pub kind: TagKind,
    /// Decode time in ms on the stream's time line, not yet a player's.
    pub timestamp: i64,
    /// Whether a player may start here (an IDR picture; true for audio, false for configurations and metadata).
    pub keyframe: bool,
    /// The FLV tag header in front of the payload; `None` for script data.
    pub prefix: Option<BodyHeader>,
    /// The coded bytes, the configuration's record or the AMF0 body.
    pub payload: Bytes,
}

impl RtmpMessage {
    /// The message of a unit.
    pub fn unit(unit: &Unit) -> Self {
        let timestamp = unit.dts.as_millis();
        let composition = unit.pts.as_millis().saturating_sub(timestamp);
        Self {
            kind: tag_kind(unit.kind()),
            timestamp,
            keyframe: unit.keyframe,
            prefix: Some(BodyHeader::frame(&unit.config, unit.keyframe, composition)),
            payload: unit.payload.clone(),
        }
    }

    /// The sequence header of a track, to be sent before its units; `timestamp` in ms of the stream.
    pub fn configuration(config: &CodecConfig, timestamp: i64) -> Self {
        Self {
            kind: tag_kind(config.kind()),
            timestamp,
            keyframe: false,
            prefix: Some(BodyHeader::config(config)),
            payload: BodyHeader::configuration_record(config),
        }
    }

    /// A data message: an AMF0 body that starts at its name.
    pub fn metadata(body: Bytes, timestamp: i64) -> Self {
        Self { kind: TagKind::Script, timestamp, keyframe: false, prefix: None, payload: body }
    }

    /// The prefix's bytes, 0 to 8.
    pub fn prefix_bytes(&self) -> &[u8] {
        self.prefix.as_ref().map_or(&[], BodyHeader::as_bytes)
    }

    /// Bytes of the whole body.
    pub fn body_length(&self) -> usize {
        self.prefix_bytes().len() + self.payload.len()
    }
}

const fn tag_kind(kind: TrackKind) -> TagKind {
    match kind {
        TrackKind::Audio => TagKind::Audio,
        TrackKind::Video => TagKind::Video,
    }
}

/// One player's clock: stream time to RTMP timestamps that start at 0, monotonic per track, modulo 2^32.
#[derive(Debug, Clone, Default)]
pub struct PlayerClock {
    base: Option<i64>,
    last: [i64; 2],
}

impl PlayerClock {
    /// The clock of a player that joins.
    pub fn new() -> Self {
        Self::default()
    }

    /// The timestamp of a unit at `stream_time` ms.
    ///
    /// The first unit is at 0 (after [`PlayerClock::restart`]: just behind the last); older ones of the other track are
    /// held there. Never less than the track's last.
    pub fn timestamp(&mut self, kind: TrackKind, stream_time: i64) -> u32 {
        let floor = self.restart_floor();
        let base = *self.base.get_or_insert(stream_time.saturating_sub(floor));
        let [audio, video] = &mut self.last;
        let last = if kind == TrackKind::Audio { audio } else { video };
        *last = stream_time.saturating_sub(base).max(*last);
        *last as u32
    }

    /// The timestamp for messages outside the tracks (configurations, metadata): that of the latest unit.
    pub fn last(&self) -> u32 {
        self.latest() as u32
    }

    /// The stream's time line starts anew (another publisher): the next unit follows just behind the last one.
    pub fn restart(&mut self) {
        if self.base.take().is_some() {
            let floor = self.latest() + RESTART_STEP;
            self.last = [floor; 2];
        }
    }

    fn latest(&self) -> i64 {
        let [audio, video] = self.last;
        audio.max(video)
    }

    fn restart_floor(&self) -> i64 {
        if self.base.is_none() { self.latest() } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TrackKind::{Audio, Video};
    use rtmp_gateway_flv::{Packet, parse_audio};
    use rtmp_gateway_media::{AacConfig, MediaTime};
    use std::sync::Arc;

    #[test]
    fn players_start_at_zero_and_never_step_back() {
        let mut clock = PlayerClock::new();
        assert_eq!(clock.timestamp(Video, 10_000), 0);
        assert_eq!(clock.timestamp(Audio, 9_990), 0, "cached audio older than the keyframe");
        assert_eq!(clock.timestamp(Audio, 10_013), 13);
        assert_eq!(clock.timestamp(Video, 10_040), 40);
        assert_eq!(clock.timestamp(Video, 10_020), 40);
        assert_eq!(clock.last(), 40);
    }

    #[test]
    fn timestamps_wrap_after_49_7_days() {
        let mut clock = PlayerClock::new();
        clock.timestamp(Video, 0);
        assert_eq!(clock.timestamp(Video, i64::from(u32::MAX)), u32::MAX);
        assert_eq!(clock.timestamp(Video, i64::from(u32::MAX) + 41), 40);
    }

    #[test]
    fn another_publisher_continues_the_time_line() {
        let mut clock = PlayerClock::new();
        clock.restart();
        assert_eq!(clock.timestamp(Video, 500), 0);
        clock.timestamp(Audio, 1_500);
        clock.restart();
        clock.restart();
        assert_eq!(clock.timestamp(Video, 0), 1_040);
        assert_eq!(clock.timestamp(Audio, 20), 1_060);
    }

    #[test]
    fn messages_share_the_payload_and_parse_back() {
        let config = Arc::new(CodecConfig::Aac(AacConfig::lc(48_000, 2).unwrap()));
        let payload = Bytes::from_static(&[1, 2, 3]);
        let dts = MediaTime::from_millis(77);
        let unit = Unit { payload: payload.clone(), dts, pts: dts, keyframe: true, config: config.clone() };
        let message = RtmpMessage::unit(&unit);
        assert_eq!((message.timestamp, message.body_length()), (77, 5));
        assert_eq!(message.payload.as_ptr(), payload.as_ptr());
        let body = Bytes::from([message.prefix_bytes(), &message.payload].concat());
        assert!(matches!(parse_audio(&body).unwrap().packet, Packet::Frame { .. }));

        let header = RtmpMessage::configuration(&config, 0);
        let body = Bytes::from([header.prefix_bytes(), &header.payload].concat());
        assert!(matches!(parse_audio(&body).unwrap().packet, Packet::Config { .. }));
        assert_eq!(RtmpMessage::metadata(Bytes::from_static(b"x"), 0).body_length(), 1);
    }
}
