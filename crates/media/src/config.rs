//! Codec configurations: what a decoder must know before a track's first unit.

use bytes::Bytes;

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
    /// Any codec that is only relayed.
    Other(OtherConfig),
}

impl CodecConfig {
    /// Whether the track is audio or video.
    pub fn kind(&self) -> TrackKind {
        match self {
            Self::Other(other) => other.kind,
        }
    }
}
