//! Sound for RTMP players of a WebRTC source: AAC made from its Opus while somebody plays, and a little longer.

use crate::shard::ShardState;
use crate::transcoding::{Target, Transcode, TranscodeId};
use rtmp_gateway_media::{CodecConfig, MediaTime, Unit};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long transcoding goes on after the last player.
const LINGER: Duration = Duration::from_secs(2);
/// How far behind the stream's present sound may be before it is made up: what the jitter buffer may hold back, and a bit.
const FILL_BEHIND: i64 = 300;

/// The transcode of one stream towards RTMP, if it runs, and what its players were told.
#[derive(Default)]
pub(crate) struct RtmpAudio {
    transcode: Option<Transcode>,
    generation: u64,
    config: Option<Arc<CodecConfig>>,
    unused_since: Option<Instant>,
}

impl RtmpAudio {
    /// The configuration of what players get, once the transcoder has said it.
    pub(crate) fn config(&self) -> Option<&Arc<CodecConfig>> {
        self.config.as_ref()
    }

    /// A unit of the source, on the stream's time line; costs nothing while nobody plays.
    pub(crate) fn handle(&mut self, unit: &Unit, stream_id: u64, players: usize, shard: &ShardState) {
        if players > 0 && self.transcode.is_none() {
            self.generation += 1;
            let id =
                TranscodeId { shard: shard.index, stream: stream_id, target: Target::Aac, generation: self.generation };
            self.transcode = Some(shard.transcoding.open(id));
        }
        if let Some(transcode) = &self.transcode {
            transcode.push(unit.clone());
        }
    }

    /// Whether `id` is the running transcode; otherwise what it delivers is stale.
    pub(crate) fn is_current(&self, id: TranscodeId) -> bool {
        self.transcode.as_ref().is_some_and(|transcode| transcode.id == id)
    }

    /// Remembers the configuration of a unit for players; true when they must be told.
    pub(crate) fn is_new_config(&mut self, config: &Arc<CodecConfig>) -> bool {
        let new = self.config.as_ref() != Some(config);
        if new {
            self.config = Some(config.clone());
        }
        new
    }

    /// Fills gaps up to a little before the stream's present, and ends a transcode that nobody has used for a while.
    pub(crate) fn tick(&mut self, now: Instant, present: Option<MediaTime>, players: usize) {
        if players > 0 {
            self.unused_since = None;
        } else {
            let since = *self.unused_since.get_or_insert(now);
            if now.saturating_duration_since(since) >= LINGER {
                self.stop();
                return;
            }
        }
        if let (Some(transcode), Some(present)) = (&self.transcode, present) {
            transcode.fill_until(MediaTime::from_millis(present.as_millis() - FILL_BEHIND).rescale(48_000));
        }
    }

    /// The source changed or nobody plays: the next unit starts anew.
    pub(crate) fn stop(&mut self) {
        self.transcode = None;
        self.config = None;
    }
}
