//! The sessions of one shard, without sockets: finds the session of a datagram, keeps timers, isolates panics.

mod report;
mod role;

use super::addresses::{Addresses, Known};
use super::demux::{Datagram, classify};
use super::peer::{CloseReason, PatchReply, StunOutcome, Transmit};
use super::publisher::Publisher;
use super::sdp::IceFragment;
use super::setup::{PublisherSetup, ViewerSetup};
use super::viewer::{Delivery, GopHint, Viewer};
use super::{PacketizedUnit, SessionId, StreamKey};
pub use report::{AddError, Counters, Event, PatchError, SessionStats};
use role::{Role, RoleEvent};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

struct Session {
    role: Role,
    known: Known,
    /// The earliest entry of the timer heap that is still to come.
    scheduled: Option<Instant>,
    dirty: bool,
}

#[derive(Default)]
struct Slot {
    generation: u32,
    session: Option<Box<Session>>,
}

/// See the module.
pub(super) struct Peers {
    slots: Vec<Slot>,
    free: Vec<u32>,
    limit: usize,
    ufrags: HashMap<String, SessionId>,
    addresses: Addresses,
    streams: HashMap<StreamKey, Vec<SessionId>>,
    timers: BinaryHeap<Reverse<(Instant, SessionId)>>,
    /// Sessions that may have something to send or to report.
    dirty: VecDeque<SessionId>,
    events: VecDeque<Event>,
    pub(super) counters: Counters,
}

impl Peers {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            limit,
            ufrags: HashMap::new(),
            addresses: Addresses::default(),
            streams: HashMap::new(),
            timers: BinaryHeap::new(),
            dirty: VecDeque::new(),
            events: VecDeque::new(),
            counters: Counters::default(),
        }
    }

    fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(super) fn add_viewer(
        &mut self,
        now: Instant,
        setup: ViewerSetup,
        stream: StreamKey,
        epoch: Instant,
    ) -> Result<SessionId, AddError> {
        let ufrag = setup.etag.clone();
        let id = self.add(ufrag, || Role::Viewer(Viewer::new(setup, epoch, now), stream))?;
        self.streams.entry(stream).or_default().push(id);
        Ok(id)
    }

    pub(super) fn add_publisher(&mut self, now: Instant, setup: PublisherSetup) -> Result<SessionId, AddError> {
        let ufrag = setup.etag.clone();
        self.add(ufrag, || Role::Publisher(Publisher::new(setup, now)))
    }

    fn add(&mut self, ufrag: String, role: impl FnOnce() -> Role) -> Result<SessionId, AddError> {
        let full = AddError::TooManySessions { limit: self.limit };
        if self.len() >= self.limit {
            return Err(full);
        }
        let session = Session { role: role(), known: Known::default(), scheduled: None, dirty: false };
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            (self.slots.len() - 1) as u32
        });
        let slot = self.slots.get_mut(index as usize).ok_or(full)?;
        slot.generation = slot.generation.wrapping_add(1);
        slot.session = Some(Box::new(session));
        let id = SessionId::new(index, slot.generation);
        self.ufrags.insert(ufrag, id);
        self.touch(id);
        Ok(id)
    }

    fn session(&self, id: SessionId) -> Option<&Session> {
        let slot = self.slots.get(id.index() as usize)?;
        slot.session.as_deref().filter(|_| slot.generation == id.generation())
    }

    fn session_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        let slot = self.slots.get_mut(id.index() as usize)?;
        slot.session.as_deref_mut().filter(|_| slot.generation == id.generation())
    }

    /// Runs something on a session. A panic in it ends that session, and only that one.
    fn with<R>(&mut self, id: SessionId, action: impl FnOnce(&mut Session) -> R) -> Option<R> {
        let session = self.session_mut(id)?;
        match catch_unwind(AssertUnwindSafe(|| action(session))) {
            Ok(result) => Some(result),
            Err(_) => {
                self.counters.panics += 1;
                self.bury(id, CloseReason::Panicked);
                None
            }
        }
    }

    /// Has the session polled soon.
    fn touch(&mut self, id: SessionId) {
        if let Some(session) = self.session_mut(id)
            && !std::mem::replace(&mut session.dirty, true)
        {
            self.dirty.push_back(id);
        }
    }

    /// A datagram that came from `source` to the candidate `destination`, on the local address `local`.
    pub(super) fn handle_datagram(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: SocketAddr,
        local: Option<IpAddr>,
        datagram: &[u8],
    ) {
        match classify(datagram) {
            Datagram::Garbage => self.counters.garbage += 1,
            Datagram::Session => match self.addresses.get(&source) {
                Some(entry) => {
                    self.with(entry.session, |s| s.role.peer_mut().receive(now, source, destination, datagram));
                    self.touch(entry.session);
                }
                None => self.counters.unvalidated += 1,
            },
            Datagram::Check { ufrag, message } => {
                let outcome = self.ufrags.get(ufrag).copied().and_then(|id| {
                    let session = self.session(id)?;
                    if !self.addresses.admits(&session.known, id, &source) {
                        return None;
                    }
                    let handle =
                        |s: &mut Session| s.role.peer_mut().handle_stun(now, source, destination, datagram, &message);
                    Some((id, self.with(id, handle)?))
                });
                match outcome {
                    None | Some((_, StunOutcome::Rejected)) => self.counters.rejected_checks += 1,
                    Some((id, outcome)) => self.accept(id, source, local, outcome),
                }
            }
        }
    }

    fn accept(&mut self, id: SessionId, source: SocketAddr, local: Option<IpAddr>, outcome: StunOutcome) {
        let slot = self.slots.get_mut(id.index() as usize).and_then(|s| s.session.as_deref_mut());
        let Some(session) = slot else { return };
        let in_use = session.role.peer().remote_address;
        self.addresses.learn(&mut session.known, id, source, local, in_use);
        if outcome == StunOutcome::Current
            && let Some(old) = session.role.peer_mut().forget_previous()
        {
            self.ufrags.remove(&old);
        }
        self.touch(id);
    }

    /// A unit for all viewers of a stream.
    pub(super) fn push_unit(&mut self, now: Instant, stream: StreamKey, unit: &Arc<PacketizedUnit>) {
        self.for_stream(stream, |viewer| viewer.push(now, unit));
    }

    /// Runs something on every viewer of a stream.
    fn for_stream(&mut self, stream: StreamKey, mut action: impl FnMut(&mut Viewer)) {
        // Sessions are only removed while polling, so that the list does not change under this loop; by index because
        // a panicking session is.
        let mut index = 0;
        while let Some(id) = self.streams.get(&stream).and_then(|ids| ids.get(index)).copied() {
            if self.with(id, |s| s.role.viewer().map(&mut action)).is_some() {
                index += 1;
            }
            self.touch(id);
        }
    }

    pub(super) fn start_with_gop(&mut self, now: Instant, id: SessionId, group: &[Arc<PacketizedUnit>], hint: GopHint) {
        self.with(id, |s| s.role.viewer().map(|v| v.start_with_gop(now, group, hint)));
        self.touch(id);
    }

    pub(super) fn viewers(&self, stream: StreamKey) -> usize {
        self.streams.get(&stream).map_or(0, Vec::len)
    }

    pub(super) fn move_stream(&mut self, stream: StreamKey, epoch: Instant) {
        self.for_stream(stream, |viewer| viewer.restart_time_line(epoch));
    }

    pub(super) fn end_stream(&mut self, now: Instant, stream: StreamKey) {
        self.for_stream(stream, |viewer| viewer.peer.close_with(now, CloseReason::StreamEnded));
    }

    pub(super) fn remove(&mut self, now: Instant, id: SessionId) -> bool {
        let closed = self.with(id, |s| s.role.peer_mut().close_with(now, CloseReason::Removed)).is_some();
        self.touch(id);
        closed
    }

    pub(super) fn patch(
        &mut self,
        now: Instant,
        id: SessionId,
        fragment: &str,
        if_match: Option<&str>,
    ) -> Result<PatchReply, PatchError> {
        let session = self.session(id).ok_or(PatchError::SessionNotFound)?;
        // `*` fits any; a list, quotes and the weak prefix are HTTP's, not ours.
        let etag = session.role.peer().ufrag();
        let fits = |tags: &str| {
            tags.split(',').map(|t| t.trim().trim_start_matches("W/").trim_matches('"')).any(|t| t == "*" || t == etag)
        };
        if if_match.is_some_and(|tags| !fits(tags)) {
            return Err(PatchError::EtagMismatch);
        }
        let fragment = IceFragment::parse(fragment)?;
        let before = session.role.peer().previous_ufrag().map(str::to_owned);
        let reply = self.with(id, |s| s.role.patch(now, &fragment)).ok_or(PatchError::SessionNotFound)??;
        if reply.answer.is_some() {
            // A second restart before the first was used: the oldest credentials go.
            if let Some(oldest) = before {
                self.ufrags.remove(&oldest);
            }
            self.ufrags.insert(reply.etag.clone(), id);
        }
        self.touch(id);
        Ok(reply)
    }

    /// The next datagram to send and the local address to send it from. Drives every session that may have something.
    pub(super) fn poll_transmit(&mut self, now: Instant) -> Option<(Transmit, Option<IpAddr>)> {
        while let Some(id) = self.dirty.front().copied() {
            if let Some(transmit) = self.with(id, |s| s.role.poll_transmit(now)).flatten() {
                let local = self.addresses.get(&transmit.destination).and_then(|e| e.local);
                return Some((transmit, local));
            }
            self.dirty.pop_front();
            self.settle(now, id);
        }
        None
    }

    /// After a session has nothing more to send: its events, its end, its next timer.
    fn settle(&mut self, now: Instant, id: SessionId) {
        if let Some(session) = self.session_mut(id) {
            session.dirty = false;
        }
        while let Some(event) = self.with(id, |s| s.role.poll_event(now)).flatten() {
            self.events.push_back(match event {
                RoleEvent::Connected => Event::Connected { id },
                RoleEvent::GopWanted(stream, reason) => Event::GopWanted { id, stream, reason },
                RoleEvent::Packet(packet) => Event::Packet { id, packet },
                RoleEvent::Report(report) => Event::Report { id, report },
                RoleEvent::Closed(reason) => {
                    self.bury(id, reason);
                    return;
                }
            });
        }
        let Some(session) = self.session_mut(id) else { return };
        if let Some(at) = session.role.poll_timeout()
            && session.scheduled.is_none_or(|scheduled| at < scheduled)
        {
            session.scheduled = Some(at);
            self.timers.push(Reverse((at, id)));
        }
    }

    /// Removes a session and everything that leads to it.
    fn bury(&mut self, id: SessionId, reason: CloseReason) {
        let Some(slot) = self.slots.get_mut(id.index() as usize).filter(|s| s.generation == id.generation()) else {
            return;
        };
        let Some(session) = slot.session.take() else { return };
        self.free.push(id.index());
        self.addresses.forget(&session.known, id);
        self.ufrags.remove(session.role.peer().ufrag());
        if let Some(old) = session.role.peer().previous_ufrag() {
            self.ufrags.remove(old);
        }
        let stream = session.role.stream();
        if let Some(key) = stream
            && let Some(ids) = self.streams.get_mut(&key)
        {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.streams.remove(&key);
            }
        }
        self.events.push_back(Event::Disconnected { id, stream, reason });
        // What a panic left half-built may panic again when it is dropped.
        let _ = catch_unwind(AssertUnwindSafe(move || drop(session)));
    }

    /// Runs the timers that are due.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        while let Some(Reverse((at, id))) = self.timers.peek().copied() {
            if at > now {
                break;
            }
            self.timers.pop();
            let Some(session) = self.session_mut(id) else { continue };
            if session.scheduled == Some(at) {
                session.scheduled = None;
                self.with(id, |s| s.role.handle_timeout(now));
                self.touch(id);
            }
        }
    }

    /// When [`Self::handle_timeout`] is due next.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.timers.peek().map(|Reverse((at, _))| *at)
    }

    pub(super) fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    pub(super) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    pub(super) fn stats(&self, id: SessionId) -> Option<SessionStats> {
        let session = self.session(id)?;
        let peer = session.role.peer();
        let (mut dropped, mut packets_in) = ((0, 0), 0);
        let (mut delivery, mut feedback) = (Delivery::Full, None);
        let keyframe_requests = match &session.role {
            Role::Viewer(viewer, _) => {
                dropped = (viewer.dropped_frames, viewer.dropped_audio);
                (delivery, feedback) = (viewer.delivery(), viewer.feedback);
                viewer.keyframe_requests
            }
            Role::Publisher(publisher) => {
                packets_in = publisher.packets_in;
                publisher.keyframe_requests
            }
        };
        Some(SessionStats {
            state: peer.state,
            since: peer.since,
            stream: session.role.stream(),
            remote_address: peer.remote_address,
            bytes_in: peer.bytes_in,
            bytes_out: peer.bytes_out,
            packets_out: peer.packets_out,
            dropped_frames: dropped.0,
            dropped_audio: dropped.1,
            delivery,
            loss: feedback.and_then(|f| f.loss),
            round_trip: feedback.and_then(|f| f.round_trip),
            packets_in,
            keyframe_requests,
        })
    }

    /// Asks a publisher for a keyframe, at most every 500 ms.
    pub(super) fn request_keyframe(&mut self, now: Instant, id: SessionId) {
        self.with(id, |s| {
            if let Role::Publisher(publisher) = &mut s.role {
                publisher.request_keyframe(now);
            }
        });
        self.touch(id);
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = SessionId> + '_ {
        let occupied = self.slots.iter().enumerate().filter(|(_, slot)| slot.session.is_some());
        occupied.map(|(index, slot)| SessionId::new(index as u32, slot.generation))
    }
}

#[cfg(test)]
impl Peers {
    /// Makes the session panic at its next unit.
    pub(super) fn panic_in(&mut self, id: SessionId) {
        self.session_mut(id).and_then(|s| s.role.viewer()).expect("viewer").panics = true;
    }

    /// A session's user fragments: ours and the peer's.
    pub(super) fn credentials_of(&self, id: SessionId) -> (String, String) {
        let (ours, theirs, _) = self.secrets_of(id);
        (ours, theirs)
    }

    /// As [`Self::credentials_of`], with our password.
    pub(super) fn secrets_of(&self, id: SessionId) -> (String, String, String) {
        self.session(id).expect("session").role.peer().secrets()
    }
}
