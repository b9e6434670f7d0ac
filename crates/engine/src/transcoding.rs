//! AAC to Opus and Opus to AAC on a thread of its own, apart from the shards (the balanced pool takes this place later).
//!
//! One transcode per stream and target however many viewers, opened by the first and closed after the last. Queues are
//! bounded: a stream whose frames wait too long loses them, counted, rather than delaying every other.

use rtmp_gateway_codec::{AacToOpus, CodecError, OpusToAac, TranscodeSettings};
use rtmp_gateway_media::{MediaTime, Unit};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use tokio::sync::mpsc;

/// Jobs queued for the thread; about 20 s of sound of one stream, or 200 ms of a hundred.
const MAX_JOBS: usize = 1_024;
/// Frames one stream may have waiting (1.3 s at 48 kHz), so that one stream cannot fill the queue of all.
const MAX_FRAMES_PER_STREAM: usize = 64;
/// Units waiting for a shard to take them.
pub(crate) const MAX_TRANSCODED: usize = 1_024;

/// What comes out of a transcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    /// For WebRTC viewers.
    Opus,
    /// For RTMP players.
    Aac,
}

/// Which stream of which shard a transcode belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TranscodeId {
    pub shard: usize,
    pub stream: u64,
    pub target: Target,
    /// Counts the transcodes of a stream: what an earlier one still delivers is stale.
    pub generation: u64,
}

/// A unit that came out.
#[derive(Debug)]
pub(crate) struct Transcoded {
    pub id: TranscodeId,
    pub unit: Unit,
}

enum Job {
    Push(TranscodeId, Unit, Arc<AtomicUsize>),
    /// Makes up what did not come until then.
    Fill(TranscodeId, MediaTime),
    Close(TranscodeId),
}

/// Counters of the thread.
#[derive(Debug, Default)]
pub(crate) struct TranscodingCounters {
    /// Frames that were dropped because a queue was full.
    pub dropped: AtomicU64,
    /// Frames that did not decode or encode.
    pub failed: AtomicU64,
}

/// Handle of the transcoding thread; the thread ends when the last handle is dropped.
#[derive(Clone)]
pub(crate) struct Transcoding {
    jobs: SyncSender<Job>,
    counters: Arc<TranscodingCounters>,
}

/// One open transcode; dropping it closes it.
pub(crate) struct Transcode {
    pub(crate) id: TranscodeId,
    transcoding: Transcoding,
    waiting: Arc<AtomicUsize>,
}

impl Transcoding {
    /// Starts the thread; `outputs` has one sender per shard.
    pub(crate) fn start(outputs: Vec<mpsc::Sender<Transcoded>>) -> std::io::Result<Self> {
        let (jobs, receiver) = sync_channel(MAX_JOBS);
        let counters = Arc::<TranscodingCounters>::default();
        let seen = counters.clone();
        std::thread::Builder::new().name("transcode".into()).spawn(move || work(&receiver, &outputs, &seen))?;
        Ok(Self { jobs, counters })
    }

    /// Opens a transcode; it costs nothing until its first unit.
    pub(crate) fn open(&self, id: TranscodeId) -> Transcode {
        Transcode { id, transcoding: self.clone(), waiting: Arc::default() }
    }

    /// Frames lost to full queues and to codec errors so far.
    pub(crate) fn losses(&self) -> u64 {
        self.counters.dropped.load(Ordering::Relaxed) + self.counters.failed.load(Ordering::Relaxed)
    }
}

impl Transcode {
    /// Hands over one AAC unit; dropped and counted when too many wait.
    pub(crate) fn push(&self, unit: Unit) {
        let counters = &self.transcoding.counters;
        if self.waiting.fetch_add(1, Ordering::AcqRel) >= MAX_FRAMES_PER_STREAM {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            counters.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            self.transcoding.jobs.try_send(Job::Push(self.id, unit, self.waiting.clone()))
        {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            counters.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Transcode {
    /// Makes up, up to `until`, the sound that did not come; only AAC out of Opus needs it (RTMP players stall in DTX).
    pub(crate) fn fill_until(&self, until: MediaTime) {
        // A full queue has sound enough; the next tick asks again.
        let _ = self.transcoding.jobs.try_send(Job::Fill(self.id, until));
    }
}

impl Drop for Transcode {
    fn drop(&mut self) {
        // When the queue is full the transcode stays until `work` prunes it: idle ones are closed there.
        let _ = self.transcoding.jobs.try_send(Job::Close(self.id));
    }
}

/// Transcodes kept at most; the least recently used goes first, so that a lost `Close` cannot leak.
const MAX_TRANSCODES: usize = 4_096;

enum Transcoder {
    ToOpus(Box<AacToOpus>),
    ToAac(Box<OpusToAac>),
}

impl Transcoder {
    fn new(target: Target) -> Self {
        let settings = TranscodeSettings::default();
        match target {
            Target::Opus => Self::ToOpus(Box::new(AacToOpus::new(settings))),
            Target::Aac => Self::ToAac(Box::new(OpusToAac::new(settings))),
        }
    }

    fn push(&mut self, unit: &Unit) -> Result<(), CodecError> {
        match self {
            Self::ToOpus(transcoder) => transcoder.push(unit),
            Self::ToAac(transcoder) => transcoder.push(unit),
        }
    }

    fn fill_until(&mut self, until: MediaTime) -> Result<(), CodecError> {
        match self {
            Self::ToOpus(_) => Ok(()),
            Self::ToAac(transcoder) => transcoder.fill_until(until),
        }
    }

    fn poll(&mut self) -> Option<Unit> {
        match self {
            Self::ToOpus(transcoder) => transcoder.poll(),
            Self::ToAac(transcoder) => transcoder.poll(),
        }
    }
}

/// What a job does with its transcoder.
type Work = Box<dyn FnOnce(&mut Transcoder) -> Result<(), CodecError>>;

struct Open {
    transcoder: Transcoder,
    last_used: u64,
}

fn work(jobs: &Receiver<Job>, outputs: &[mpsc::Sender<Transcoded>], counters: &TranscodingCounters) {
    let mut open: HashMap<TranscodeId, Open> = HashMap::new();
    let mut turn = 0_u64;
    while let Ok(job) = jobs.recv() {
        turn += 1;
        let (id, work): (_, Work) = match job {
            Job::Close(id) => {
                open.remove(&id);
                continue;
            }
            Job::Fill(id, _) if !open.contains_key(&id) => continue,
            Job::Fill(id, until) => (id, Box::new(move |transcoder| transcoder.fill_until(until))),
            Job::Push(id, unit, waiting) => {
                waiting.fetch_sub(1, Ordering::AcqRel);
                (id, Box::new(move |transcoder| transcoder.push(&unit)))
            }
        };
        if !open.contains_key(&id) && open.len() >= MAX_TRANSCODES {
            let oldest = open.iter().min_by_key(|(_, open)| open.last_used).map(|(id, _)| *id);
            oldest.and_then(|id| open.remove(&id));
        }
        let entry = open.entry(id).or_insert_with(|| Open { transcoder: Transcoder::new(id.target), last_used: turn });
        entry.last_used = turn;
        let transcoder = &mut entry.transcoder;
        // A codec bug must end this stream's sound, not everybody's.
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let done = work(transcoder);
            (done.is_ok(), std::iter::from_fn(|| transcoder.poll()).collect::<Vec<_>>())
        }));
        let Ok((fine, units)) = result else {
            open.remove(&id);
            counters.failed.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        if !fine {
            counters.failed.fetch_add(1, Ordering::Relaxed);
        }
        let Some(output) = outputs.get(id.shard) else { continue };
        for unit in units {
            if output.try_send(Transcoded { id, unit }).is_err() {
                counters.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}
