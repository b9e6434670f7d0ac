//! Publishers on a thread of their own, so that reading players delays no frame.

use crate::clip::{Clip, Message};
use crate::error::LoadError;
use crate::options::Options;
use crate::peer::{Goal, Peer};
use crate::swarm::Swarm;
use rtmp_gateway_rtmp::chunk::media_pieces;
use rtmp_gateway_rtmp::limits::OUT_CHUNK_SIZE;
use rtmp_gateway_rtmp::session::client::{ClientConfig, Intent};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The application of all streams.
pub(crate) const ROOM: &str = "load";

/// The name of a publisher's stream.
pub(crate) fn stream_name(publisher: usize) -> String {
    format!("stream{publisher}")
}

/// Publishers that run until they are stopped.
pub(crate) struct Publishers {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<(), LoadError>>>,
}

impl Publishers {
    /// Connects all of them and starts to send.
    ///
    /// # Errors
    /// One was refused.
    pub(crate) fn start(options: &Options) -> Result<Self, LoadError> {
        let target = options.target;
        let mut swarm = Swarm::establish(options.publishers, |index| {
            let config = ClientConfig {
                out_chunk_size: OUT_CHUNK_SIZE,
                ..ClientConfig::new(Intent::Publish, &target.to_string(), ROOM, &stream_name(index))
            };
            Peer::rtmp(target, config, Goal::Started, index as u64)
        })?;
        swarm.read_as(0, 0, Duration::ZERO)?;
        let stop = Arc::new(AtomicBool::new(false));
        let clip = Clip::new(options);
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || send(swarm, &clip, &stopped));
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Stops them.
    ///
    /// # Errors
    /// One was closed by the server while it was publishing.
    pub(crate) fn stop(mut self) -> Result<(), LoadError> {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        match ended {
            Some(Ok(result)) => result,
            _ => Err(LoadError::Refused("the publishers' thread ended".into())),
        }
    }
}

/// The order in which `count` streams send: evenly spread over the time of one frame.
pub(crate) struct Schedule {
    due: BinaryHeap<Reverse<(Duration, usize)>>,
    clips: Vec<(Duration, Clip)>,
}

impl Schedule {
    pub(crate) fn new(count: usize, clip: &Clip) -> Self {
        let frame = clip.frame();
        let clips: Vec<_> =
            (0..count).map(|index| (frame * index as u32 / count.max(1) as u32, clip.clone())).collect();
        let due = clips.iter().enumerate().map(|(index, (offset, _))| Reverse((*offset, index))).collect();
        Self { due, clips }
    }

    /// When the next message of any stream is due.
    pub(crate) fn next_due(&self) -> Duration {
        self.due.peek().map_or(Duration::MAX, |Reverse((at, _))| *at)
    }

    /// The next message and whose it is.
    pub(crate) fn next(&mut self) -> Option<(usize, Message)> {
        let Reverse((_, index)) = self.due.pop()?;
        let (offset, clip) = self.clips.get_mut(index)?;
        let message = clip.next();
        self.due.push(Reverse((*offset + clip.next_due(), index)));
        Some((index, message))
    }
}

fn write(peer: &mut Peer, message: &Message) {
    let Some(session) = peer.session() else { return };
    let size = session.out_chunk_size();
    let header = session.media_header(message.kind, message.timestamp, message.body.len());
    let mut bytes = Vec::with_capacity(32 + message.body.len());
    for (header, piece) in media_pieces(header, &message.body, size) {
        bytes.extend_from_slice(&header);
        bytes.extend_from_slice(&piece);
    }
    peer.send(&bytes);
}

fn send(mut swarm: Swarm, clip: &Clip, stop: &AtomicBool) -> Result<(), LoadError> {
    for peer in &mut swarm.peers {
        peer.flush();
        Clip::headers().iter().for_each(|message| write(peer, message));
    }
    let mut schedule = Schedule::new(swarm.peers.len(), clip);
    let start = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let now = start.elapsed();
        while schedule.next_due() <= now {
            let Some((index, message)) = schedule.next() else { break };
            if let Some(peer) = swarm.peers.get_mut(index) {
                write(peer, &message);
            }
        }
        // Acknowledgements and pings are read meanwhile; 100 ms at most so that a stop is seen.
        let next = start + schedule.next_due().min(start.elapsed() + Duration::from_millis(100));
        swarm.run_until(next)?;
        if let Some(reason) = swarm.peers.iter().find_map(|peer| peer.ended.as_ref()) {
            return Err(LoadError::Refused(format!("a publisher was ended: {reason}")));
        }
    }
    for peer in &mut swarm.peers {
        if let Some(session) = peer.session() {
            session.stop();
        }
        peer.flush();
    }
    Ok(())
}
