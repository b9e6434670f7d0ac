//! A shard: one thread, one current-thread runtime, its own RTMP listener and UDP port, the rooms that hash to it.

mod commands;
mod health;
mod publishers;
mod viewers;

pub(crate) use commands::{Command, Place};

use crate::flv_io;
use crate::mailbox::{Closed, LogLevel};
use crate::router::Router;
use crate::router::stream::Publisher;
use crate::rtmp_io::audio_holds::{self, AudioHolds};
use crate::rtmp_io::connection::Connection;
use crate::rtmp_io::control::{Control, ControlEvent};
use crate::rtmp_io::info::ConnectionInfo;
use crate::rtmp_io::outbox::Outbox;
use crate::rtmp_io::tune;
use crate::shared::{Admission, Shared};
use crate::snapshot::ConnectionSnapshot;
use crate::transcoding::{Transcoded, Transcoding};
use crate::webrtc::{self, WebRtc};
use health::Heartbeat;
use publishers::Publishers;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc, watch};
use viewers::Viewers;

/// Bytes read from a socket at once; shared by all connections of a shard.
const READ_BUFFER: usize = 64 * 1024;
/// How often waiting requests, grace times and slow players are looked at.
const TICK: Duration = Duration::from_millis(100);
/// Pause after the listener fails (out of descriptors), so that it does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long connections get to hear that the engine stops.
const GOODBYE: Duration = Duration::from_millis(500);

/// How other threads reach a shard.
pub(crate) type ShardHandle = mpsc::Sender<Command>;

/// A TCP connection of the shard as others reach it.
pub(crate) type Connected = (Rc<ConnectionInfo>, Rc<Outbox>, Rc<Control>);

/// What a shard's tasks share; lives on its thread alone.
pub(crate) struct ShardState {
    pub(crate) index: usize,
    pub(crate) shared: Arc<Shared>,
    pub(crate) handles: Vec<ShardHandle>,
    pub(crate) router: RefCell<Router>,
    pub(crate) webrtc: Rc<RefCell<WebRtc>>,
    pub(crate) connections: RefCell<HashMap<u64, Connected>>,
    pub(crate) viewers: RefCell<Viewers>,
    publishers: Publishers,
    pub(crate) read_buffer: RefCell<Vec<u8>>,
    pub(crate) transcoding: Transcoding,
    pub(crate) heartbeat: Heartbeat,
    /// Notified when a stream's state or tracks change; WHEP requests that wait look again.
    pub(crate) stream_changed: Notify,
    /// WHEP and HTTP-FLV requests that wait now.
    pub(crate) waiting: Cell<usize>,
    /// Streams whose audio waits for the next video frame.
    pub(crate) audio_holds: AudioHolds,
    /// Writes to RTMP and FLV sockets so far.
    pub(crate) writes: Rc<Cell<u64>>,
}

/// What a shard's thread is started with.
pub(crate) struct ShardStart {
    pub index: usize,
    pub shared: Arc<Shared>,
    pub handles: Vec<ShardHandle>,
    pub commands: mpsc::Receiver<Command>,
    pub listener: TcpListener,
    pub flv_listener: Option<TcpListener>,
    pub webrtc: webrtc::BindOptions,
    pub transcoding: Transcoding,
    pub transcoded: mpsc::Receiver<Transcoded>,
    pub stop: watch::Receiver<bool>,
}

/// What a started shard reports: the candidates of its UDP socket and its port.
pub(crate) struct Started {
    pub port: u16,
    pub candidates: Vec<SocketAddr>,
}

/// Runs a shard until it is told to stop; `ready` hears how the start went.
pub(crate) async fn run(start: ShardStart, ready: std::sync::mpsc::Sender<Result<Started, crate::EngineError>>) {
    let ShardStart { index, shared, handles, mut commands, webrtc, transcoding, mut transcoded, mut stop, .. } = start;
    let address = webrtc.address;
    let listeners = tokio::net::TcpListener::from_std(start.listener)
        .and_then(|rtmp| Ok((rtmp, start.flv_listener.map(tokio::net::TcpListener::from_std).transpose()?)));
    let (listener, flv_listener) = match listeners {
        Ok(listeners) => listeners,
        Err(source) => {
            let _ = ready.send(Err(crate::EngineError::Start { what: "the RTMP and HTTP-FLV listeners", source }));
            return;
        }
    };
    let webrtc = match WebRtc::bind(webrtc) {
        Ok(webrtc) => webrtc,
        Err(error) => {
            let _ = ready.send(Err(crate::EngineError::from_bind(error, address)));
            return;
        }
    };
    let _ = ready.send(Ok(Started { port: webrtc.local_port(), candidates: webrtc.candidates().to_vec() }));
    let state = Rc::new(ShardState {
        index,
        shared,
        handles,
        router: RefCell::default(),
        webrtc: Rc::new(RefCell::new(webrtc)),
        connections: RefCell::default(),
        viewers: RefCell::default(),
        publishers: Publishers::default(),
        read_buffer: RefCell::new(vec![0; READ_BUFFER]),
        transcoding,
        heartbeat: Heartbeat::new(),
        stream_changed: Notify::new(),
        waiting: Cell::new(0),
        audio_holds: AudioHolds::default(),
        writes: Rc::default(),
    });

    tokio::task::spawn_local(accept(state.clone(), listener, accept_rtmp));
    if let Some(listener) = flv_listener {
        tokio::task::spawn_local(accept(state.clone(), listener, flv_io::accept));
    }
    tokio::task::spawn_local(audio_holds::run(state.clone()));
    tokio::task::spawn_local(tick(state.clone()));
    tokio::task::spawn_local(publishers::run_timers(state.clone()));
    let events = state.clone();
    tokio::task::spawn_local(webrtc::drive(state.webrtc.clone(), move |event| events.on_webrtc_event(event)));

    loop {
        tokio::select! {
            command = commands.recv() => match command {
                Some(command) => commands::carry_out(&state, command),
                None => break,
            },
            Some(unit) = transcoded.recv() => state.on_transcoded(&unit),
            _ = stop.changed() => break,
        }
    }
    state.shut_down().await;
}

/// Takes sockets from a listener within the limits and gives each to `start`.
async fn accept(
    state: Rc<ShardState>,
    listener: tokio::net::TcpListener,
    start: fn(Rc<ShardState>, TcpStream, SocketAddr, Admission),
) {
    loop {
        let (socket, remote) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                state.shared.log(LogLevel::Warn, "GW_ACCEPT_FAILED", None, error.to_string());
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(admission) = state.shared.admit(remote.ip()) else {
            state.shared.log(LogLevel::Warn, "GW_TOO_MANY_CONNECTIONS", None, format!("refused {}", remote.ip()));
            continue;
        };
        tune::tune(&socket, state.shared.options.nagle);
        start(state.clone(), socket, remote, admission);
    }
}

fn accept_rtmp(state: Rc<ShardState>, socket: TcpStream, remote: SocketAddr, admission: Admission) {
    let mut random = [0; 32];
    if let Err(error) = getrandom::fill(&mut random) {
        state.shared.log(LogLevel::Error, "GW_NO_RANDOMNESS", None, error.to_string());
        return;
    }
    let connection = Connection::accepted(state, socket, remote, admission, random);
    tokio::task::spawn_local(connection.run());
}

async fn tick(state: Rc<ShardState>) {
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let due = interval.tick().await.into_std();
        let now = Instant::now();
        state.heartbeat.beat(now.saturating_duration_since(due));
        state.router.borrow_mut().tick(now, &state);
    }
}

impl ShardState {
    /// Takes a TCP connection off the list as its task ends, and counts a panic of ours that ended it. False when it lives
    /// on another shard by now, so that nothing has ended.
    pub(crate) fn forget_connection(&self, info: &ConnectionInfo) -> bool {
        self.connections.borrow_mut().remove(&info.id);
        if info.moved.get() {
            return false;
        }
        if std::thread::panicking() {
            self.shared.panics.fetch_add(1, Ordering::Relaxed);
            let message = "a bug ended this session; please report it".into();
            self.shared.log(LogLevel::Error, "GW_SESSION_PANIC", Some(info.id), message);
        }
        true
    }

    /// Tells the deciding side that a connection it has heard of is gone.
    pub(crate) fn tell_closed(&self, info: &ConnectionInfo, closed: Option<Closed>) {
        if info.known_outside.get() {
            let closed = closed.unwrap_or(Closed { code: "GW_INTERNAL", reason: "ended".into() });
            self.shared.mailbox.closed(info.id, closed);
        }
    }

    /// Every connection of this shard.
    pub(crate) fn connection_snapshots(&self) -> Vec<ConnectionSnapshot> {
        let now = Instant::now();
        let rtmp = self.connections.borrow();
        let rtmp = rtmp.values().map(|(info, outbox, _)| info.snapshot(now, outbox, self.index as u32));
        rtmp.chain(self.viewer_snapshots(now)).chain(self.publisher_snapshots(now)).collect()
    }

    /// Ends a publisher whose name another connection took over.
    pub(crate) fn end_publisher(&self, publisher: &Publisher) {
        if let Some(session) = publisher.session {
            self.webrtc.borrow_mut().remove(session);
            self.forget_publisher(session, "replaced by another publisher");
        }
        if let Some((_, outbox, control)) = self.connections.borrow().get(&publisher.connection_id) {
            control.push(ControlEvent::Replaced);
            outbox.wake.notify_one();
        }
    }

    /// Tells every peer that the engine stops, and gives the goodbyes a moment to leave.
    async fn shut_down(&self) {
        for (_, (_, outbox, control)) in self.connections.borrow().iter() {
            control.push(ControlEvent::Shutdown);
            outbox.wake.notify_one();
        }
        let sessions: Vec<_> = self.webrtc.borrow().sessions().map(|(id, _)| id).collect();
        for id in sessions {
            self.webrtc.borrow_mut().remove(id);
        }
        let deadline = Instant::now() + GOODBYE;
        while !self.connections.borrow().is_empty() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
