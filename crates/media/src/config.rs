//! Codec configurations: what a decoder must know before a track's first unit.

use crate::{AacConfig, OpusConfig, h264::H264Config};
use bytes::Bytes;
use std::fmt;

/// Audio or video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TrackKind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
}

/// A codec's four-character code as enhanced RTMP (version 2) writes it, e.g. `hvc1`, `av01`, `vp09`, `Opus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FourCc(pub [u8; 4]);

impl fmt::Display for FourCc {
    /// Printable characters as they are, others escaped: the code comes from the network.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.escape_ascii().fmt(f)
    }
}

/// A codec that is relayed RTMP to RTMP without being understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherConfig {
    /// Audio or video.
    pub kind: TrackKind,
    /// Which codec.
    pub four_cc: FourCc,
    /// The body of its sequence start (e.g. an `HEVCDecoderConfigurationRecord`), maybe empty.
    pub record: Bytes,
}

/// What a decoder must know of a track; units share it by `Arc`.
#[derive(Debug, Clone, PartialEq)]
pub enum CodecConfig {
    /// H.264 in AVCC form.
    H264(H264Config),
    /// AAC, raw access units.
    Aac(AacConfig),
    /// Opus packets.
    Opus(OpusConfig),
    /// Any codec that is only relayed.
    Other(OtherConfig),
}

impl CodecConfig {
    /// Whether the track is audio or video.
    pub fn kind(&self) -> TrackKind {
        match self {
            Self::H264(_) => TrackKind::Video,
            Self::Aac(_) | Self::Opus(_) => TrackKind::Audio,
            Self::Other(other) => other.kind,
        }
    }

    /// The codec's name for people and statistics: `H264`, `AAC`, `Opus` or the four-character code, escaped.
    pub fn name(&self) -> String {
        match self {
            Self::H264(_) => "H264".into(),
            Self::Aac(_) => "AAC".into(),
            Self::Opus(_) => "Opus".into(),
            Self::Other(other) => other.four_cc.to_string(),
        }
    }

    /// The configuration when the track is H.264.
    pub fn as_h264(&self) -> Option<&H264Config> {
        if let Self::H264(config) = self { Some(config) } else { None }
    }

    /// The configuration when the track is AAC.
    pub fn as_aac(&self) -> Option<&AacConfig> {
        if let Self::Aac(config) = self { Some(config) } else { None }
    }

    /// The configuration when the track is Opus.
    pub fn as_opus(&self) -> Option<&OpusConfig> {
        if let Self::Opus(config) = self { Some(config) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_kinds() {
        let other = |four_cc| {
            CodecConfig::Other(OtherConfig { kind: TrackKind::Video, four_cc: FourCc(four_cc), record: Bytes::new() })
        };
        assert_eq!(other(*b"hvc1").name(), "hvc1");
        assert_eq!(other([0x1b, b'[', 0, b'x']).name(), "\\x1b[\\x00x");
        assert_eq!(CodecConfig::Opus(OpusConfig { channels: 2, pre_skip: 0 }).kind(), TrackKind::Audio);
    }
}
