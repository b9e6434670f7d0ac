//! A stream's way to its WebRTC viewers: packetized once, cached from the keyframe, Opus made from AAC when somebody listens.

use super::gop::{GopCache, GopItem};
use super::outgoing::Cached;
use crate::shard::ShardState;
use crate::transcoding::{Target, Transcode, TranscodeId};
use crate::webrtc::{GopHint, PAYLOAD_TARGET, PacketizedUnit, SessionId};
use rtmp_gateway_bridge::{UnitsToRtp, VideoState};
use rtmp_gateway_media::{CodecConfig, TrackKind, Unit};
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long packetizing and transcoding go on after the last viewer, so that a reload does not start them anew.
const LINGER: Duration = Duration::from_secs(2);

impl GopItem for Arc<PacketizedUnit> {
    fn kind(&self) -> TrackKind {
        self.kind
    }
    fn keyframe(&self) -> bool {
        self.keyframe
    }
    fn length(&self) -> usize {
        self.bytes
    }
}

/// Exists while a stream has WebRTC viewers, and a little longer.
pub(crate) struct WebrtcOutput {
    stream_id: u64,
    epoch: Instant,
    units_to_rtp: UnitsToRtp,
    gop: GopCache<Arc<PacketizedUnit>>,
    transcode: Option<Transcode>,
    generation: u64,
    pub(crate) viewers: HashSet<SessionId>,
    unused_since: Option<Instant>,
    /// Units that could not be packetized.
    pub(crate) failed: u64,
}

impl WebrtcOutput {
    /// Starts with what the stream has cached since its keyframe.
    pub(crate) fn new<'a>(stream_id: u64, epoch: Instant, cached: impl Iterator<Item = &'a Rc<Cached>>) -> Self {
        let mut output = Self {
            stream_id,
            epoch,
            units_to_rtp: UnitsToRtp::new(PAYLOAD_TARGET),
            gop: GopCache::new(),
            transcode: None,
            generation: 0,
            viewers: HashSet::new(),
            unused_since: None,
            failed: 0,
        };
        for unit in cached.filter(|unit| unit.outgoing.kind == TrackKind::Video) {
            if let Some(packetized) = output.packetize(&unit.unit) {
                output.gop.push(packetized);
            }
        }
        output
    }

    /// The instant that wall clock 0 of the packetized units stands for.
    pub(crate) fn epoch(&self) -> Instant {
        self.epoch
    }

    fn packetize(&mut self, unit: &Unit) -> Option<Arc<PacketizedUnit>> {
        match self.units_to_rtp.push(unit) {
            Ok(packets) => packets.map(|unit| {
                Arc::new(PacketizedUnit::new(unit.kind, unit.keyframe, unit.timestamp, unit.wallclock, unit.payloads))
            }),
            Err(_) => {
                self.failed += 1;
                None
            }
        }
    }

    /// A unit of the stream, on the stream's time line.
    pub(crate) fn handle(&mut self, unit: &Unit, shard: &ShardState) {
        if let CodecConfig::Aac(_) = *unit.config {
            let transcode = match &mut self.transcode {
                Some(transcode) => transcode,
                empty => {
                    self.generation += 1;
                    let id = TranscodeId {
                        shard: shard.index,
                        stream: self.stream_id,
                        target: Target::Opus,
                        generation: self.generation,
                    };
                    empty.insert(shard.transcoding.open(id))
                }
            };
            transcode.push(unit.clone());
            return;
        }
        self.send(unit, shard);
    }

    /// Opus that the transcoder made; stale when its transcode is no longer ours.
    pub(crate) fn handle_transcoded(&mut self, id: TranscodeId, unit: &Unit, shard: &ShardState) {
        if self.transcode.as_ref().is_some_and(|transcode| transcode.id == id) {
            self.send(unit, shard);
        }
    }

    fn send(&mut self, unit: &Unit, shard: &ShardState) {
        let Some(packetized) = self.packetize(unit) else { return };
        if packetized.kind == TrackKind::Video {
            self.gop.push(packetized.clone());
        }
        if !self.viewers.is_empty() {
            shard.webrtc.borrow_mut().push_unit(self.stream_id, &packetized);
        }
    }

    /// The publisher changed: pictures before it are no start for anyone, and its sound is another encoder's.
    pub(crate) fn publisher_changed(&mut self) {
        self.gop.clear();
        self.transcode = None;
    }

    /// Gives a viewer the current group of pictures.
    pub(crate) fn start_viewer(&self, id: SessionId, hint: GopHint, shard: &ShardState) {
        let gop: Vec<_> = self.gop.iter().cloned().collect();
        shard.webrtc.borrow_mut().start_with_gop(id, &gop, hint);
    }

    /// How much of the video WebRTC viewers get.
    pub(crate) fn video_state(&self) -> VideoState {
        self.units_to_rtp.state()
    }

    /// Whether nobody has watched for a while.
    pub(crate) fn expired(&mut self, now: Instant) -> bool {
        if !self.viewers.is_empty() {
            self.unused_since = None;
            return false;
        }
        let since = *self.unused_since.get_or_insert(now);
        now.saturating_duration_since(since) >= LINGER
    }
}
