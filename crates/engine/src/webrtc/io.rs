//! A shard's WebRTC side with its socket: the sessions, their datagrams in and out, and the task that drives them.

use super::batch::Batch;
use super::candidates::{Candidates, interface_addresses};
use super::peer::{PatchReply, Transmit};
use super::peers::{AddError, Counters, Event, PatchError, Peers, SessionStats};
use super::setup::{PublisherSetup, ViewerSetup};
use super::socket::{BindError, ReceiveBuffers, Sent, Socket};
use super::viewer::GopHint;
use super::{PacketizedUnit, SessionId, StreamKey};
use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Receiving calls in a row before other tasks of the shard get their turn.
const RECEIVE_BURST: usize = 16;
/// How long to sleep when nothing is scheduled.
const IDLE: Duration = Duration::from_secs(3_600);

/// Where and how to serve.
#[derive(Debug, Clone)]
pub struct BindOptions {
    /// The socket's address; port 0 takes a free one.
    pub address: SocketAddr,
    /// The addresses that peers reach the machine at, when they are not its own (NAT).
    pub public_ips: Vec<IpAddr>,
    /// The most sessions at a time.
    pub max_sessions: usize,
}

/// See the module. Use it as `Rc<RefCell<WebRtc>>` and spawn [`drive`] with a clone.
pub struct WebRtc {
    socket: Rc<Socket>,
    candidates: Candidates,
    peers: Peers,
    batch: Batch,
    /// A datagram that did not fit the batch.
    next: Option<(Transmit, Option<IpAddr>)>,
    blocked: bool,
    notify: Rc<Notify>,
    send_errors: u64,
    misdirected: u64,
}

impl WebRtc {
    /// Opens the socket; must be called inside the shard's tokio runtime.
    ///
    /// # Errors
    /// The port is taken, or the address is not one of this machine.
    pub fn bind(options: BindOptions) -> Result<Self, BindError> {
        let socket = Socket::bind(options.address)?;
        let candidates = Candidates::new(socket.local(), &options.public_ips, interface_addresses);
        Ok(Self {
            socket: Rc::new(socket),
            candidates,
            peers: Peers::new(options.max_sessions),
            batch: Batch::default(),
            next: None,
            blocked: false,
            notify: Rc::new(Notify::new()),
            send_errors: 0,
            misdirected: 0,
        })
    }

    /// The port that was bound.
    pub fn local_port(&self) -> u16 {
        self.socket.local().port()
    }

    /// The addresses for [`super::setup_viewer`], the preferred one first.
    pub fn candidates(&self) -> &[SocketAddr] {
        self.candidates.list()
    }

    /// Adds a session; afterwards its datagrams find it and its answer may go out. `epoch` is the instant that wall clock
    /// 0 of the stream's units stands for.
    ///
    /// # Errors
    /// There are too many sessions.
    pub fn add_viewer(&mut self, setup: ViewerSetup, stream: StreamKey, epoch: Instant) -> Result<SessionId, AddError> {
        let now = Instant::now();
        let id = self.peers.add_viewer(now, setup, stream, epoch)?;
        self.flush(now);
        Ok(id)
    }

    /// Adds a publisher's session; its packets come as [`Event::Packet`] and [`Event::Report`].
    ///
    /// # Errors
    /// There are too many sessions.
    pub fn add_publisher(&mut self, setup: PublisherSetup) -> Result<SessionId, AddError> {
        let now = Instant::now();
        let id = self.peers.add_publisher(now, setup)?;
        self.flush(now);
        Ok(id)
    }

    /// Asks a publisher for a keyframe (PLI), now or as soon as 500 ms have passed since the last request.
    pub fn request_keyframe(&mut self, id: SessionId) {
        let now = Instant::now();
        self.peers.request_keyframe(now, id);
        self.flush(now);
    }

    /// Sends a unit to all viewers of a stream, at once as far as the socket takes it.
    pub fn push_unit(&mut self, stream: StreamKey, unit: &Arc<PacketizedUnit>) {
        let now = Instant::now();
        self.peers.push_unit(now, stream, unit);
        self.flush(now);
    }

    /// Answers [`Event::GopWanted`] with the cached units from the newest keyframe up to the newest unit pushed; none
    /// when nothing is cached.
    pub fn start_with_gop(&mut self, id: SessionId, group: &[Arc<PacketizedUnit>], hint: GopHint) {
        let now = Instant::now();
        self.peers.start_with_gop(now, id, group, hint);
        self.flush(now);
    }

    /// How many viewers a stream has.
    pub fn viewers(&self, stream: StreamKey) -> usize {
        self.peers.viewers(stream)
    }

    /// The stream's publisher was replaced: its timestamps and wall clock start anew at `epoch`. Viewers go on at the next
    /// keyframe.
    pub fn move_stream(&mut self, stream: StreamKey, epoch: Instant) {
        self.peers.move_stream(stream, epoch);
        self.flush(Instant::now());
    }

    /// Closes the viewers of a stream.
    pub fn end_stream(&mut self, stream: StreamKey) {
        let now = Instant::now();
        self.peers.end_stream(now, stream);
        self.flush(now);
    }

    /// Closes a session; `false` when there is none of that name.
    pub fn remove(&mut self, id: SessionId) -> bool {
        let now = Instant::now();
        let removed = self.peers.remove(now, id);
        self.flush(now);
        removed
    }

    /// Applies an `application/trickle-ice-sdpfrag` (RFC 9725 section 4.3): candidates, or an ICE restart. `if_match` is
    /// the header's value.
    ///
    /// # Errors
    /// No such session, another entity tag, or a malformed fragment.
    pub fn patch(&mut self, id: SessionId, fragment: &str, if_match: Option<&str>) -> Result<PatchReply, PatchError> {
        let now = Instant::now();
        let reply = self.peers.patch(now, id, fragment, if_match);
        self.flush(now);
        reply
    }

    /// A session's numbers.
    pub fn stats(&self, id: SessionId) -> Option<SessionStats> {
        self.peers.stats(id)
    }

    /// All sessions with their numbers.
    pub fn sessions(&self) -> impl Iterator<Item = (SessionId, SessionStats)> + '_ {
        self.peers.ids().filter_map(|id| Some((id, self.peers.stats(id)?)))
    }

    /// What was counted since the start.
    pub fn counters(&self) -> Counters {
        Counters { send_errors: self.send_errors, misdirected: self.misdirected, ..self.peers.counters }
    }

    /// Sends what is ready, as far as the socket takes it, and wakes the driver when it has something to do.
    fn flush(&mut self, now: Instant) {
        let timeout = self.peers.poll_timeout();
        while !self.blocked {
            match self.next.take().or_else(|| self.peers.poll_transmit(now)) {
                Some((transmit, local)) => {
                    if let Some(transmit) = self.batch.push(transmit, local, self.socket.max_segments()) {
                        self.next = Some((transmit, local));
                        self.send_batch();
                    }
                }
                None if self.batch.is_empty() => break,
                None => self.send_batch(),
            }
        }
        if self.blocked || self.peers.has_events() || self.peers.poll_timeout() != timeout {
            self.notify.notify_one();
        }
    }

    fn send_batch(&mut self) {
        match self.socket.send(&self.batch) {
            Sent::Done => self.batch.clear(),
            Sent::Blocked => self.blocked = true,
            Sent::Refused(lost) => {
                self.send_errors += lost;
                self.batch.clear();
            }
        }
    }

    /// The socket takes datagrams again.
    fn on_writable(&mut self) {
        self.blocked = false;
        self.send_batch();
        self.flush(Instant::now());
    }

    fn on_readable(&mut self, buffers: &mut ReceiveBuffers) {
        for _ in 0..RECEIVE_BURST {
            let now = Instant::now();
            let (peers, candidates, misdirected) = (&mut self.peers, &self.candidates, &mut self.misdirected);
            let any = self.socket.receive(buffers, |source, local, datagram| match candidates.of_destination(local) {
                Some(destination) => peers.handle_datagram(now, source, destination, local, datagram),
                None => *misdirected += 1,
            });
            self.flush(now);
            if !any {
                break;
            }
        }
    }

    fn on_timer(&mut self) {
        let now = Instant::now();
        self.peers.handle_timeout(now);
        self.flush(now);
    }
}

/// Drives a shard's WebRTC side: spawn it on the shard's `LocalSet` and drop the task to stop.
///
/// `on_event` is called while nothing borrows the [`WebRtc`]; it may use it. Returns only when the runtime shuts down.
pub async fn drive(webrtc: Rc<RefCell<WebRtc>>, mut on_event: impl FnMut(Event)) {
    let (socket, notify) = {
        let webrtc = webrtc.borrow();
        (webrtc.socket.clone(), webrtc.notify.clone())
    };
    let mut buffers = ReceiveBuffers::new();
    loop {
        loop {
            let event = webrtc.borrow_mut().peers.poll_event();
            match event {
                Some(event) => on_event(event),
                None => break,
            }
        }
        let (timeout, blocked) = {
            let webrtc = webrtc.borrow();
            (webrtc.peers.poll_timeout(), webrtc.blocked)
        };
        let deadline = timeout.unwrap_or_else(|| Instant::now() + IDLE);
        tokio::select! {
            ready = socket.readable() => match ready {
                Ok(()) => webrtc.borrow_mut().on_readable(&mut buffers),
                Err(_) => return,
            },
            ready = socket.writable(), if blocked => match ready {
                Ok(()) => webrtc.borrow_mut().on_writable(),
                Err(_) => return,
            },
            () = tokio::time::sleep_until(deadline.into()) => webrtc.borrow_mut().on_timer(),
            () = notify.notified() => {}
        }
    }
}
