//! RTMP messages of a publisher to units: FLV bodies parsed, timestamps made one steady time line.
//!
//! A bad tag is an error value and is counted; the stream goes on with the next tag. A damaged frame never leaves, and
//! neither does what refers to it: video then waits for the next keyframe.

mod error;
mod timestamps;
mod video;

pub use error::RtmpToUnitsError;
pub use timestamps::{MAX_BACKWARD_STEP, MAX_FORWARD_STEP, TimestampMapper};

use bytes::Bytes;
use rtmp_gateway_flv::{FlvError, Packet, ParsedBody, ScriptData, four_cc, parse_audio, parse_script, parse_video};
use rtmp_gateway_media::{
    AacConfig, CodecConfig, ConfigError, FourCc, H264Config, MediaTime, OpusConfig, OtherConfig, TrackKind, Unit,
};
use std::collections::VecDeque;
use std::sync::Arc;

/// What a publisher's messages turn into.
#[derive(Debug, Clone)]
pub enum Item {
    /// A track's configuration, new or changed; its units follow.
    Config(Arc<CodecConfig>),
    /// A unit. Times are in milliseconds (Opus: 48 kHz) since the stream's first message, monotonic per track.
    Unit(Unit),
    /// `onMetaData` as players get it: an AMF0 body that starts at its name.
    Metadata(Bytes),
    /// The publisher says that a track's sequence ends; a new configuration comes before more units.
    EndOfSequence(TrackKind),
}

/// What happened on a publisher's stream; counts since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RtmpCounters {
    /// Units that left.
    pub units: u64,
    /// Tags that could not be parsed, and configurations that could not be used.
    pub bad_tags: u64,
    /// Frames before a usable configuration.
    pub before_config: u64,
    /// Frames with bad NAL unit lengths.
    pub damaged: u64,
    /// Video frames left out while waiting for a keyframe (at the start, after a damaged frame or a new configuration).
    pub before_keyframe: u64,
    /// Tags with nothing to pass on (commands, empty frames, unknown data messages).
    pub ignored: u64,
    /// Parts of multitrack tags for tracks that are not served.
    pub skipped_tracks: u64,
    /// Times the publisher's timestamps jumped and were joined.
    pub discontinuities: u64,
}

#[derive(Debug, Default)]
struct Track {
    config: Option<Arc<CodecConfig>>,
    waiting_for_keyframe: bool,
}

/// Turns one publisher's messages into [`Item`]s.
#[derive(Debug, Default)]
pub struct RtmpToUnits {
    audio: Track,
    video: Track,
    timestamps: TimestampMapper,
    items: VecDeque<Item>,
    counters: RtmpCounters,
}

impl RtmpToUnits {
    /// An adapter for a stream that starts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an audio message; `timestamp` in ms as RTMP carries it, modulo 2^32.
    ///
    /// Errors: the tag was dropped and counted, the stream goes on.
    pub fn handle_audio(&mut self, timestamp: u32, body: Bytes) -> Result<(), RtmpToUnitsError> {
        let parsed = parse_audio(&body);
        self.handle(TrackKind::Audio, timestamp, parsed)
    }

    /// Takes a video message; see [`RtmpToUnits::handle_audio`].
    pub fn handle_video(&mut self, timestamp: u32, body: Bytes) -> Result<(), RtmpToUnitsError> {
        let parsed = parse_video(&body);
        self.handle(TrackKind::Video, timestamp, parsed)
    }

    /// Takes a data message in AMF0. Data without a name (FFmpeg's time codes) and unknown names are ignored.
    pub fn handle_data(&mut self, _timestamp: u32, body: Bytes) -> Result<(), RtmpToUnitsError> {
        match parse_script(&body) {
            Ok(ScriptData::Metadata(metadata)) => self.items.push_back(Item::Metadata(metadata)),
            Ok(ScriptData::Other(_)) | Err(_) => self.counters.ignored += 1,
        }
        Ok(())
    }

    /// What came of the messages so far, in order; call until `None` after each message.
    pub fn poll_item(&mut self) -> Option<Item> {
        self.items.pop_front()
    }

    /// The counts so far.
    pub fn counters(&self) -> RtmpCounters {
        RtmpCounters { discontinuities: self.timestamps.discontinuities(), ..self.counters }
    }

    fn track(&mut self, kind: TrackKind) -> &mut Track {
        match kind {
            TrackKind::Audio => &mut self.audio,
            TrackKind::Video => &mut self.video,
        }
    }

    fn handle(
        &mut self,
        kind: TrackKind,
        timestamp: u32,
        parsed: Result<ParsedBody, FlvError>,
    ) -> Result<(), RtmpToUnitsError> {
        let parsed = parsed.inspect_err(|_| self.counters.bad_tags += 1)?;
        self.counters.skipped_tracks += u64::from(parsed.skipped_tracks);
        match parsed.packet {
            Packet::Config { four_cc, record } => self.handle_config(kind, four_cc, record),
            Packet::Frame { four_cc, keyframe, composition_time, payload } => {
                let frame = Frame { kind, four_cc, timestamp, keyframe, composition_time, payload };
                self.handle_frame(frame)
            }
            Packet::EndOfSequence { .. } => {
                self.items.push_back(Item::EndOfSequence(kind));
                Ok(())
            }
            Packet::Ignored => {
                self.counters.ignored += 1;
                Ok(())
            }
        }
    }

    fn handle_config(&mut self, kind: TrackKind, four_cc: FourCc, record: Bytes) -> Result<(), RtmpToUnitsError> {
        match parse_config(kind, four_cc, record) {
            Ok(config) => {
                self.set_config(config);
                Ok(())
            }
            Err(error) => {
                self.counters.bad_tags += 1;
                // Units that follow belong to what could not be read: none may leave with the old configuration.
                self.track(kind).config = None;
                Err(RtmpToUnitsError::Config { kind, error })
            }
        }
    }

    /// Takes a track's configuration; a repeated one changes nothing (encoders repeat it before each keyframe).
    fn set_config(&mut self, config: CodecConfig) {
        let track = self.track(config.kind());
        if track.config.as_deref() == Some(&config) {
            return;
        }
        track.waiting_for_keyframe = matches!(config, CodecConfig::H264(_));
        let config = Arc::new(config);
        track.config = Some(config.clone());
        self.items.push_back(Item::Config(config));
    }

    fn handle_frame(&mut self, mut frame: Frame) -> Result<(), RtmpToUnitsError> {
        let Some(config) = self.config_for(&frame) else {
            self.counters.before_config += 1;
            return Ok(());
        };
        if frame.payload.is_empty() {
            self.counters.ignored += 1;
            return Ok(());
        }
        let mut config = config;
        if let CodecConfig::H264(h264) = &*config {
            let checked = match video::check_access_unit(&frame.payload, h264) {
                Ok(checked) => checked,
                Err(error) => {
                    self.counters.damaged += 1;
                    self.video.waiting_for_keyframe = true;
                    return Err(RtmpToUnitsError::Damaged(error));
                }
            };
            if let Some(changed) = checked.new_config {
                self.set_config(CodecConfig::H264(changed));
                config = self.video.config.clone().unwrap_or(config);
            }
            if !checked.has_picture {
                self.counters.ignored += 1;
                return Ok(());
            }
            frame.payload.truncate(checked.length);
            frame.keyframe = checked.idr;
            if self.video.waiting_for_keyframe && !checked.idr {
                self.counters.before_keyframe += 1;
                return Ok(());
            }
            self.video.waiting_for_keyframe = false;
        }
        self.push_unit(frame, config);
        Ok(())
    }

    /// The configuration of the frame's track, when it is for the frame's codec. Codecs that need none get one here.
    fn config_for(&mut self, frame: &Frame) -> Option<Arc<CodecConfig>> {
        let known = self.track(frame.kind).config.clone();
        if let Some(config) = known
            && four_cc_of(&config) == frame.four_cc
        {
            return Some(config);
        }
        // VP8, MP3 and AC-3 describe themselves: some publishers send no sequence start for them.
        if ![four_cc::VP8, four_cc::MP3, four_cc::AC3, four_cc::EAC3].contains(&frame.four_cc) {
            return None;
        }
        let other = OtherConfig { kind: frame.kind, four_cc: frame.four_cc, record: Bytes::new() };
        self.set_config(CodecConfig::Other(other));
        self.track(frame.kind).config.clone()
    }

    fn push_unit(&mut self, frame: Frame, config: Arc<CodecConfig>) {
        let mapped = self.timestamps.map(frame.kind, frame.timestamp);
        let mut dts = MediaTime::from_millis(mapped.dts);
        let mut pts = MediaTime::from_millis(mapped.stream_time.saturating_add(i64::from(frame.composition_time)));
        if let CodecConfig::Opus(_) = &*config {
            (dts, pts) = (dts.rescale(OpusConfig::CLOCK_RATE), dts.rescale(OpusConfig::CLOCK_RATE));
        } else if frame.kind == TrackKind::Audio {
            pts = dts;
        }
        self.counters.units += 1;
        self.items.push_back(Item::Unit(Unit { payload: frame.payload, dts, pts, keyframe: frame.keyframe, config }));
    }
}

struct Frame {
    kind: TrackKind,
    four_cc: FourCc,
    timestamp: u32,
    keyframe: bool,
    composition_time: i32,
    payload: Bytes,
}

fn parse_config(kind: TrackKind, code: FourCc, record: Bytes) -> Result<CodecConfig, ConfigError> {
    match code {
        four_cc::AVC => H264Config::parse(record).map(CodecConfig::H264),
        four_cc::AAC => AacConfig::parse(record).map(CodecConfig::Aac),
        four_cc::OPUS => OpusConfig::parse_head(&record).map(CodecConfig::Opus),
        four_cc => Ok(CodecConfig::Other(OtherConfig { kind, four_cc, record })),
    }
}

fn four_cc_of(config: &CodecConfig) -> FourCc {
    match config {
        CodecConfig::H264(_) => four_cc::AVC,
        CodecConfig::Aac(_) => four_cc::AAC,
        CodecConfig::Opus(_) => four_cc::OPUS,
        CodecConfig::Other(other) => other.four_cc,
    }
}

#[cfg(test)]
mod tests;
