//! A unit as RTMP players get it, made once for all of them: FLV tag header, shared payload, stream time.

use super::gop::GopItem;
use bytes::Bytes;
use rtmp_gateway_flv::BodyHeader;
use rtmp_gateway_media::{CodecConfig, TrackKind, Unit};
use rtmp_gateway_rtmp::chunk::MediaKind;
use std::rc::Rc;

/// One message for RTMP players.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub kind: TrackKind,
    /// Decode time on the stream's own time line, in ms.
    pub timestamp: i64,
    pub keyframe: bool,
    /// FLV tag header bytes that go before the payload.
    pub prefix: BodyHeader,
    pub payload: Bytes,
}

impl Outgoing {
    /// A unit whose times are on the stream's time line.
    pub(crate) fn unit(unit: &Unit) -> Self {
        let timestamp = unit.dts.as_millis();
        let composition = unit.pts.as_millis().saturating_sub(timestamp);
        Self {
            kind: unit.kind(),
            timestamp,
            keyframe: unit.keyframe,
            prefix: BodyHeader::frame(&unit.config, unit.keyframe, composition),
            payload: unit.payload.clone(),
        }
    }

    /// A sequence header.
    pub(crate) fn configuration(config: &CodecConfig) -> Self {
        Self {
            kind: config.kind(),
            timestamp: 0,
            keyframe: false,
            prefix: BodyHeader::config(config),
            payload: BodyHeader::configuration_record(config),
        }
    }

    pub(crate) fn media_kind(&self) -> MediaKind {
        match self.kind {
            TrackKind::Audio => MediaKind::Audio,
            TrackKind::Video => MediaKind::Video,
        }
    }
}

/// A cached unit in both forms: for RTMP players, and to be packetized when the first WebRTC viewer comes.
pub(crate) struct Cached {
    pub unit: Unit,
    pub outgoing: Outgoing,
}

impl GopItem for Rc<Cached> {
    fn kind(&self) -> TrackKind {
        self.outgoing.kind
    }
    fn keyframe(&self) -> bool {
        self.outgoing.keyframe
    }
    fn length(&self) -> usize {
        self.outgoing.payload.len()
    }
}
