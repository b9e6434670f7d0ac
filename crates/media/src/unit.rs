//! The one currency of the gateway: an access unit of video or a frame of audio.

use crate::{CodecConfig, MediaTime, TrackKind};
use bytes::Bytes;
use std::sync::Arc;

/// One coded access unit of video or one coded frame of audio. Cloning copies no payload.
///
/// Payload by codec:
/// - H.264: one access unit in AVCC form (ISO/IEC 14496-15 section 5.3.4.2): each NAL unit behind its length, in as many
///   bytes as the configuration's `nal_length_size` says. Never a parameter-set-only unit: those are `config`.
/// - AAC: one raw access unit without ADTS header. Opus: one packet (RFC 6716), at a clock of 48 kHz.
/// - other codecs: the coded bytes as enhanced RTMP carries them, relayed but never looked into.
#[derive(Debug, Clone)]
pub struct Unit {
    /// The coded bytes, see above.
    pub payload: Bytes,
    /// Decode time: monotonic on a track.
    pub dts: MediaTime,
    /// Presentation time, on the same clock as `dts`; differs only for video with reordered pictures.
    pub pts: MediaTime,
    /// Whether decoding can start here (an IDR picture). Always true for audio.
    pub keyframe: bool,
    /// The configuration the payload was coded with; a pointer change on a track means a configuration change.
    pub config: Arc<CodecConfig>,
}

impl Unit {
    /// Whether this is audio or video.
    pub fn kind(&self) -> TrackKind {
        self.config.kind()
    }

    /// Presentation time minus decode time in ticks of the unit's clock (RTMP's composition time, there in ms).
    pub fn composition_offset(&self) -> i64 {
        self.pts.ticks().saturating_sub(self.dts.ticks())
    }
}
