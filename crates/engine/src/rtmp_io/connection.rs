//! One RTMP connection's task: reads the socket, drives the session, asks for decisions, publishes and plays.
//!
//! The session (`rtmp_gateway_rtmp`) knows the protocol; this task owns the socket and the connection's roles in the
//! router. Once publish or play is authorized it moves, once, to the home shard of its room.

mod events;
mod roles;

use super::control::Control;
use super::info::ConnectionInfo;
use super::outbox::{Outbox, QueuedBytes};
use crate::mailbox::{AskKind, Closed, Decision, LogLevel};
use crate::router::SharedStream;
use crate::shard::ShardState;
use crate::shared::Admission;
use crate::snapshot::Protocol;
use rtmp_gateway_bridge::RtmpToUnits;
use rtmp_gateway_rtmp::RandomBytes;
use rtmp_gateway_rtmp::session::SessionError;
use rtmp_gateway_rtmp::session::server::{CloseReason, Output, ServerConfig, ServerSession, StateName, StreamRequest};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// Time a connection may spend on what it has received before others get their turn: a message to 1,000 players costs
/// about 5 ms of writes, and a publisher's backlog of a hundred messages must not starve handshakes and decisions.
const OUTPUT_BUDGET: Duration = Duration::from_millis(5);
/// How long goodbye messages may take to leave before the socket is closed anyway.
const LINGER: Duration = Duration::from_secs(2);

/// What a connection does on one message stream.
enum Role {
    Publishing { message_stream_id: u32, stream: SharedStream, epoch: u64, units: Box<RtmpToUnits> },
    Playing { message_stream_id: u32, stream: SharedStream },
}

impl Role {
    fn message_stream_id(&self) -> u32 {
        match self {
            Self::Publishing { message_stream_id, .. } | Self::Playing { message_stream_id, .. } => *message_stream_id,
        }
    }
}

/// A question of this connection that waits for its decision.
struct Pending {
    kind: AskKind,
    request: Box<StreamRequest>,
    receiver: oneshot::Receiver<Decision>,
    deadline: Instant,
}

/// A connection on its way to the home shard of its room.
pub(crate) struct Handoff {
    socket: std::net::TcpStream,
    session: ServerSession,
    queued: QueuedBytes,
    bytes_out: u64,
    info: ConnectionInfo,
    admission: Admission,
    generation: u64,
    kind: AskKind,
    request: Box<StreamRequest>,
    take_over: bool,
}

/// Why a connection's task ends.
enum End {
    /// The peer closed, or the socket failed.
    Peer(String),
    /// The session found the input to be broken.
    Session(SessionError),
    /// The engine closes it.
    Engine { code: &'static str, reason: CloseReason },
    /// It moved to another shard: nothing to clean up here.
    Moved,
}

/// One connection; its `Drop` gives back every place it holds, so that even a panic leaves nothing behind.
pub(crate) struct Connection {
    shard: Rc<ShardState>,
    socket: Rc<TcpStream>,
    session: ServerSession,
    outbox: Rc<Outbox>,
    control: Rc<Control>,
    info: Rc<ConnectionInfo>,
    admission: Option<Admission>,
    generation: u64,
    roles: Vec<Role>,
    pending: Option<Pending>,
    ended: Option<Closed>,
}

impl Connection {
    /// A connection just accepted.
    pub(crate) fn accepted(
        shard: Rc<ShardState>,
        socket: TcpStream,
        remote: SocketAddr,
        admission: Admission,
        random: [u8; 32],
    ) -> Self {
        let now = Instant::now();
        let info = Rc::new(ConnectionInfo::new(
            shard.shared.next_id(),
            Protocol::Rtmp,
            remote,
            now,
            StateName::Handshake.as_str(),
        ));
        let session = ServerSession::new(ServerConfig::default(), now, RandomBytes::new(random));
        Self::assemble(shard, Rc::new(socket), session, info, admission, 0, 0)
    }

    /// A connection from another shard; its accepted request is started by [`Connection::run`]'s caller.
    pub(crate) fn arrived(shard: Rc<ShardState>, handoff: Handoff) -> io::Result<Self> {
        let Handoff { socket, session, queued, bytes_out, info, admission, generation, kind, request, take_over } =
            handoff;
        let socket = Rc::new(TcpStream::from_std(socket)?);
        let mut connection = Self::assemble(shard, socket, session, Rc::new(info), admission, generation, bytes_out);
        connection.outbox.restore(queued);
        connection.start(kind, &request, take_over);
        Ok(connection)
    }

    fn assemble(
        shard: Rc<ShardState>,
        socket: Rc<TcpStream>,
        session: ServerSession,
        info: Rc<ConnectionInfo>,
        admission: Admission,
        generation: u64,
        bytes_out: u64,
    ) -> Self {
        let outbox = Rc::new(Outbox::new(socket.clone(), bytes_out, shard.writes.clone()));
        let control = Rc::<Control>::default();
        shard.connections.borrow_mut().insert(info.id, (info.clone(), outbox.clone(), control.clone()));
        Self {
            shard,
            socket,
            session,
            outbox,
            control,
            info,
            admission: Some(admission),
            generation,
            roles: Vec::new(),
            pending: None,
            ended: None,
        }
    }

    /// Lives until the connection ends.
    pub(crate) async fn run(mut self) {
        let end = match self.serve().await {
            Ok(never) => never,
            Err(end) => end,
        };
        self.finish(end).await;
    }

    async fn serve(&mut self) -> Result<End, End> {
        loop {
            let now = Instant::now();
            if !self.process_outputs_for(now, OUTPUT_BUDGET) {
                self.flush(now)?;
                tokio::task::yield_now().await;
                continue;
            }
            self.process_control(now)?;
            let empty = self.flush(now)?;
            let state = self.session.state();
            self.info.set_state(state.name.as_str(), state.since);
            let deadline = [self.session.poll_timeout(), self.pending.as_ref().map(|pending| pending.deadline)]
                .into_iter()
                .flatten()
                .min();
            let sleep = async {
                match deadline {
                    Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                    None => std::future::pending().await,
                }
            };
            let decided = async {
                match self.pending.as_mut() {
                    Some(pending) => (&mut pending.receiver).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                readable = self.socket.readable(), if self.session.wants_input() => {
                    readable.map_err(|error| End::Peer(error.to_string()))?;
                    self.read()?;
                }
                writable = self.socket.writable(), if !empty => {
                    writable.map_err(|error| End::Peer(error.to_string()))?;
                }
                () = self.outbox.wake.notified() => {}
                decision = decided => {
                    let decision = decision.unwrap_or_else(|_| Decision {
                        description: Some("the gateway is stopping".into()),
                        ..Decision::default()
                    });
                    if let Some(end) = self.decided(decision) {
                        return Ok(end);
                    }
                }
                () = sleep => self.timed_out()?,
            }
        }
    }

    fn read(&mut self) -> Result<(), End> {
        let shard = self.shard.clone();
        let mut buffer = shard.read_buffer.borrow_mut();
        match self.socket.try_read(&mut buffer) {
            Ok(0) => Err(End::Peer("closed by the peer".into())),
            Ok(length) => {
                let input = buffer.get(..length).unwrap_or_default();
                self.info.add_bytes_in(length as u64);
                self.session.handle_input(Instant::now(), input).map_err(End::Session)
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(()),
            Err(error) => Err(End::Peer(error.to_string())),
        }
    }

    fn flush(&mut self, now: Instant) -> Result<bool, End> {
        let empty = self.outbox.flush(now).map_err(|error| End::Peer(error.to_string()))?;
        if self.outbox.hopeless(now, self.shard.shared.options.player_grace) {
            return Err(End::Engine { code: "GW_PEER_TOO_SLOW", reason: CloseReason::TooSlow });
        }
        Ok(empty)
    }

    fn timed_out(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if self.pending.as_ref().is_some_and(|pending| now >= pending.deadline) {
            self.shard.shared.mailbox.withdraw(self.info.id);
            let refusal =
                Decision { description: Some("no decision in time; try again".into()), ..Decision::default() };
            self.shard.shared.log(
                LogLevel::Warn,
                "GW_DECISION_TIMEOUT",
                Some(self.info.id),
                "a publish or play request got no decision in time and was refused".into(),
            );
            if let Some(end) = self.decided(refusal) {
                return Err(end);
            }
        }
        self.session.handle_timeout(now).map_err(End::Session)
    }

    /// Sends what the session wants sent and acts on its events, all of them.
    fn process_outputs(&mut self, now: Instant) {
        self.process_outputs_for(now, Duration::MAX);
    }

    /// As [`Connection::process_outputs`], for about as long as said; true when nothing is left.
    fn process_outputs_for(&mut self, now: Instant, budget: Duration) -> bool {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Transmit(bytes) => self.outbox.push_bytes(bytes),
                Output::Event(event) => self.on_event(now, event),
            }
            if now.elapsed() >= budget {
                return false;
            }
        }
        true
    }

    /// Says goodbye, lets it leave, and closes.
    async fn finish(&mut self, end: End) {
        let now = Instant::now();
        let (level, code, message) = match end {
            End::Moved => {
                self.info.moved.set(true);
                return;
            }
            End::Peer(reason) => (LogLevel::Debug, "GW_PEER_CLOSED", reason),
            End::Session(error) => (LogLevel::Warn, error.code(), error.to_string()),
            End::Engine { code, reason } => {
                self.session.close(now, reason);
                (LogLevel::Info, code, "closed by the gateway".to_owned())
            }
        };
        self.end_roles(now, |_| true);
        self.log(level, code, message.clone());
        self.ended = Some(Closed { code, reason: message });
        // An error or goodbye of the session is still to be sent.
        self.process_outputs(now);
        let deadline = tokio::time::Instant::from_std(now + LINGER);
        while matches!(self.outbox.flush(Instant::now()), Ok(false)) {
            if tokio::time::timeout_at(deadline, self.socket.writable()).await.is_err() {
                break;
            }
        }
    }

    fn log(&self, level: LogLevel, code: &'static str, message: String) {
        self.shard.shared.log(level, code, Some(self.info.id), message);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if !self.shard.forget_connection(&self.info) {
            return;
        }
        self.end_roles(Instant::now(), |_| true);
        self.shard.tell_closed(&self.info, self.ended.take());
    }
}
