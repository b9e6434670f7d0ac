//! What a tag body turns out to be.

use bytes::Bytes;
use rtmp_gateway_media::FourCc;

/// The useful content of an audio or video tag; legacy and enhanced headers give the same values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// The codec configuration: an `AVCDecoderConfigurationRecord`, `AudioSpecificConfig`, `OpusHead`, ...
    Config {
        /// Which codec.
        four_cc: FourCc,
        /// The configuration's bytes.
        record: Bytes,
    },
    /// One coded frame.
    Frame {
        /// Which codec.
        four_cc: FourCc,
        /// Whether the header says decoding can start here; always true for audio.
        keyframe: bool,
        /// Presentation minus decode time in milliseconds, -8,388,608..=8,388,607; 0 for audio.
        composition_time: i32,
        /// The coded bytes.
        payload: Bytes,
    },
    /// The sequence ends; a new configuration follows before more frames.
    EndOfSequence {
        /// Which codec.
        four_cc: FourCc,
    },
    /// Something that needs no action: a seek command, HDR metadata, channel layout, or only tracks that are skipped.
    Ignored,
}

/// A parsed tag body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedBody {
    /// The content of track 0.
    pub packet: Packet,
    /// Nanoseconds to add to the tag's timestamp (enhanced RTMP `TimestampOffsetNano`), 0..=999,999.
    pub timestamp_offset: u32,
    /// Tracks other than 0 that were left out (enhanced RTMP multitrack).
    pub skipped_tracks: u32,
}

impl ParsedBody {
    pub(crate) const fn single(packet: Packet) -> Self {
        Self { packet, timestamp_offset: 0, skipped_tracks: 0 }
    }
}
