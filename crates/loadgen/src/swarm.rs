//! Many connections on one thread: established some at a time, then read at once or in sweeps.

use crate::error::LoadError;
use crate::latency::Latencies;
use crate::peer::{Peer, Received};
use mio::{Events, Interest, Poll, Token};
use std::time::{Duration, Instant};

/// Connections on their way at the same time: well below every listener's backlog.
const IN_FLIGHT: usize = 200;
/// Time for all of them together.
const ESTABLISH_LIMIT: Duration = Duration::from_secs(60);
const READ_BUFFER: usize = 64 * 1024;
const EVENTS: usize = 1_024;
const INTEREST: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// Connections and how they are read.
pub(crate) struct Swarm {
    pub peers: Vec<Peer>,
    poll: Poll,
    events: Events,
    buffer: Vec<u8>,
    /// Peers from this index on are not read at all.
    stalled_from: usize,
    /// Peers below this index are read at once.
    prompt: usize,
    read_every: Duration,
    next_sweep: Instant,
    /// Of the peers that are read at once.
    pub latencies: Latencies,
    /// How long each connection took to establish.
    pub establishing: Latencies,
}

impl Swarm {
    /// Opens `count` connections with `open` and waits until all are established; say [`Self::read_as`] how to go on.
    ///
    /// # Errors
    /// A connection was refused or closed, or they are not all established within 60 s.
    pub(crate) fn establish(
        count: usize,
        mut open: impl FnMut(usize) -> Result<Peer, LoadError>,
    ) -> Result<Self, LoadError> {
        let mut swarm = Self {
            peers: Vec::with_capacity(count),
            poll: Poll::new().map_err(LoadError::io("poll"))?,
            events: Events::with_capacity(EVENTS),
            buffer: vec![0; READ_BUFFER],
            stalled_from: usize::MAX,
            prompt: usize::MAX,
            read_every: Duration::ZERO,
            next_sweep: Instant::now(),
            latencies: Latencies::default(),
            establishing: Latencies::default(),
        };
        let deadline = Instant::now() + ESTABLISH_LIMIT;
        let mut opened = Vec::with_capacity(count);
        let mut established = 0;
        while established < count {
            while swarm.peers.len() < count && swarm.peers.len() - established < IN_FLIGHT {
                let mut peer = open(swarm.peers.len())?;
                swarm.register(&mut peer)?;
                swarm.peers.push(peer);
                opened.push(Instant::now());
            }
            swarm.wait(Duration::from_millis(100))?;
            let Self { peers, events, buffer, establishing, poll, .. } = &mut swarm;
            for event in &*events {
                let index = event.token().0;
                let (Some(peer), Some(opened)) = (peers.get_mut(index), opened.get(index)) else { continue };
                let before = peer.established;
                if event.is_writable() {
                    peer.flush();
                }
                if event.is_readable() {
                    peer.read(buffer, None);
                }
                if peer.established && !before {
                    established += 1;
                    establishing.add(opened.elapsed().as_nanos() as u64);
                    // Media may come from now on: reading it must not delay those that are still on their way.
                    poll.registry().deregister(&mut peer.socket).map_err(LoadError::io("poll"))?;
                }
                if let Some(reason) = &peer.ended {
                    return Err(LoadError::Refused(format!("connection {index} of {count} ended: {reason}")));
                }
            }
            if Instant::now() > deadline {
                return Err(LoadError::Refused(format!(
                    "{established} of {count} connections were established within {} s",
                    ESTABLISH_LIMIT.as_secs()
                )));
            }
        }
        Ok(swarm)
    }

    fn register(&mut self, peer: &mut Peer) -> Result<(), LoadError> {
        let token = Token(self.peers.len());
        self.poll.registry().register(&mut peer.socket, token, INTEREST).map_err(LoadError::io("poll"))
    }

    fn wait(&mut self, timeout: Duration) -> Result<(), LoadError> {
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Err(error) if error.kind() != std::io::ErrorKind::Interrupted => Err(LoadError::io("poll")(error)),
            _ => Ok(()),
        }
    }

    /// The last `stalled` peers are no longer read; the first `prompt` are read at once, the others every `read_every`
    /// (zero: all at once).
    ///
    /// # Errors
    /// The kernel refuses.
    pub(crate) fn read_as(&mut self, prompt: usize, stalled: usize, read_every: Duration) -> Result<(), LoadError> {
        self.stalled_from = self.peers.len().saturating_sub(stalled);
        self.prompt = if read_every.is_zero() { self.stalled_from } else { prompt.min(self.stalled_from) };
        self.read_every = read_every;
        for (index, peer) in self.peers.iter_mut().enumerate().take(self.prompt) {
            self.poll.registry().register(&mut peer.socket, Token(index), INTEREST).map_err(LoadError::io("poll"))?;
        }
        self.next_sweep = Instant::now() + read_every;
        Ok(())
    }

    /// Reads until `end`.
    ///
    /// # Errors
    /// The kernel refuses.
    pub(crate) fn run_until(&mut self, end: Instant) -> Result<(), LoadError> {
        loop {
            let now = Instant::now();
            if now >= end {
                return Ok(());
            }
            let sweeps = self.prompt < self.stalled_from;
            if sweeps && now >= self.next_sweep {
                let swept = self.peers.iter_mut().take(self.stalled_from).skip(self.prompt);
                swept.for_each(|peer| peer.read(&mut self.buffer, None));
                self.next_sweep = now + self.read_every;
            }
            let until = if sweeps { end.min(self.next_sweep) } else { end };
            self.wait(until.saturating_duration_since(Instant::now()))?;
            for event in &self.events {
                let Some(peer) = self.peers.get_mut(event.token().0) else { continue };
                if event.is_readable() {
                    peer.read(&mut self.buffer, Some(&mut self.latencies));
                }
                if event.is_writable() {
                    peer.flush();
                }
            }
        }
    }

    /// Forgets what was measured so far.
    pub(crate) fn clear(&mut self) {
        self.latencies.clear();
        self.peers.iter_mut().for_each(Peer::clear);
    }

    /// How many of the peers that were not read find themselves closed once they read what they had.
    pub(crate) fn stalled_and_ended(&mut self) -> u64 {
        let Self { peers, buffer, stalled_from, .. } = self;
        let stalled = peers.iter_mut().skip(*stalled_from);
        stalled
            .map(|peer| {
                // The end shows behind the last bytes, so read until nothing more comes.
                loop {
                    let before = peer.received.bytes;
                    peer.read(buffer, None);
                    if peer.received.bytes == before {
                        break;
                    }
                }
                u64::from(peer.ended.is_some())
            })
            .sum()
    }

    /// What the peers that are read got, and how many of them have ended.
    pub(crate) fn received(&self) -> (Received, u64) {
        let mut all = Received::default();
        let mut ended = 0;
        for peer in self.peers.iter().take(self.stalled_from) {
            all.add(peer.received);
            ended += u64::from(peer.ended.is_some());
        }
        (all, ended)
    }
}
