//! One HTTP-FLV connection's task: request, decision, the way to the room's home shard, then tags until either side ends.

use super::request::{MAX_HEAD, Play, Request, parse};
use super::response::{FILE_HEAD, OPTIONS_HEAD, Problem};
use crate::mailbox::{Ask, AskKind, Closed, LogLevel};
use crate::options::MAX_WAITING_VIEWERS;
use crate::router::SharedStream;
use crate::router::key::StreamKey;
use crate::router::player::{Framing, Player};
use crate::rtmp_io::control::{Control, ControlEvent};
use crate::rtmp_io::info::ConnectionInfo;
use crate::rtmp_io::outbox::Outbox;
use crate::shard::{Command, Place, ShardState};
use crate::shared::Admission;
use crate::snapshot::Protocol;
use bytes::Bytes;
use rtmp_gateway_flv::file_header;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout, timeout_at};

/// Time for the whole head of a request. Absolute, so that a byte now and then cannot hold a socket (slowloris).
const REQUEST_DEADLINE: Duration = Duration::from_secs(10);
/// How long the rest of an answer may take to leave before the socket is closed anyway.
const LINGER: Duration = Duration::from_secs(2);
/// Bytes read and thrown away after the request: players send none, whoever sends a body has mistaken the address.
const MAX_STRAY: usize = 64 * 1024;
/// How long a live stream may show no track before the request is refused.
const TRACKS_DEADLINE: Duration = Duration::from_secs(10);
/// How often a request that waits looks again: a stream with one track becomes ready by time alone.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// A request on its way to the home shard of its room.
pub(crate) struct Handoff {
    socket: std::net::TcpStream,
    info: ConnectionInfo,
    admission: Admission,
    play: Play,
}

/// Why a connection ends.
enum End {
    /// The peer closed, or the socket failed.
    Peer(String),
    /// Refused with an answer.
    Refused(Problem),
    /// Answered; nothing more to say.
    Done,
    /// The stream has ended for good.
    StreamEnded,
    /// The engine closes it.
    Engine(&'static str),
    /// It lives on another shard now.
    Moved,
}

/// A connection; its `Drop` gives back every place it holds, so that even a panic leaves nothing behind.
struct Connection {
    shard: Rc<ShardState>,
    socket: Rc<TcpStream>,
    outbox: Rc<Outbox>,
    control: Rc<Control>,
    info: Rc<ConnectionInfo>,
    admission: Option<Admission>,
    playing: Option<SharedStream>,
    ended: Option<Closed>,
}

/// Starts a connection that was just accepted.
pub(crate) fn accept(shard: Rc<ShardState>, socket: TcpStream, remote: SocketAddr, admission: Admission) {
    let id = shard.shared.next_id();
    let info = ConnectionInfo::new(id, Protocol::Flv, remote, Instant::now(), "request");
    let connection = Connection::new(shard, Rc::new(socket), info, admission);
    tokio::task::spawn_local(connection.run(None));
}

/// Goes on with a request that another shard has accepted.
pub(crate) fn arrive(shard: Rc<ShardState>, handoff: Handoff) {
    let Handoff { socket, info, admission, play } = handoff;
    match TcpStream::from_std(socket) {
        Ok(socket) => {
            let connection = Connection::new(shard, Rc::new(socket), info, admission);
            tokio::task::spawn_local(connection.run(Some(play)));
        }
        Err(error) => shard.shared.log(LogLevel::Error, "GW_HANDOFF_FAILED", Some(info.id), error.to_string()),
    }
}

impl Connection {
    fn new(shard: Rc<ShardState>, socket: Rc<TcpStream>, info: ConnectionInfo, admission: Admission) -> Self {
        let outbox = Rc::new(Outbox::new(socket.clone(), 0, shard.writes.clone()));
        let (control, info) = (Rc::<Control>::default(), Rc::new(info));
        shard.connections.borrow_mut().insert(info.id, (info.clone(), outbox.clone(), control.clone()));
        let admission = Some(admission);
        Self { shard, socket, outbox, control, info, admission, playing: None, ended: None }
    }

    async fn run(mut self, accepted: Option<Play>) {
        let end = match self.serve(accepted).await {
            Ok(end) | Err(end) => end,
        };
        self.finish(end).await;
    }

    async fn serve(&mut self, accepted: Option<Play>) -> Result<End, End> {
        let play = match accepted {
            Some(play) => play,
            None => {
                let request = timeout(REQUEST_DEADLINE, self.read_request()).await;
                let play = match request.map_err(|_| End::Refused(Problem::SLOW_REQUEST))?? {
                    Request::Options => {
                        self.outbox.push_bytes(Bytes::from_static(OPTIONS_HEAD.as_bytes()));
                        return Ok(End::Done);
                    }
                    Request::Play(play) => play,
                };
                self.decide(&play).await?;
                let home = StreamKey::home_shard(&play.room, self.shard.handles.len());
                if home != self.shard.index {
                    return Ok(self.move_to(home, play));
                }
                play
            }
        };
        let stream = self.wait_for_stream(&play).await?;
        self.play(&play, stream).await
    }

    async fn read_request(&self) -> Result<Request, End> {
        let mut head = Vec::new();
        loop {
            self.readable().await?;
            let mut buffer = self.shard.read_buffer.borrow_mut();
            // One byte beyond the limit is enough to know.
            let room = (MAX_HEAD + 1).saturating_sub(head.len()).min(buffer.len());
            match self.socket.try_read(buffer.get_mut(..room).unwrap_or_default()) {
                Ok(0) => return Err(End::Peer("closed by the peer".into())),
                Ok(length) => {
                    self.info.add_bytes_in(length as u64);
                    head.extend_from_slice(buffer.get(..length).unwrap_or_default());
                    if let Some(request) = parse(&head).map_err(End::Refused)? {
                        return Ok(request);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(End::Peer(error.to_string())),
            }
        }
    }

    /// Waits for something to read, or for the engine to stop.
    async fn readable(&self) -> Result<(), End> {
        loop {
            tokio::select! {
                readable = self.socket.readable() => {
                    return readable.map_err(|error| End::Peer(error.to_string()));
                }
                () = self.outbox.wake.notified() => self.handle_control()?,
            }
        }
    }

    /// Ends when the peer or the engine does; reads and forgets what the peer still says.
    async fn gone(&self, stray: &mut usize) -> End {
        loop {
            if let Err(end) = self.readable().await {
                return end;
            }
            if let Err(end) = self.discard(stray) {
                return end;
            }
        }
    }

    fn discard(&self, stray: &mut usize) -> Result<(), End> {
        let mut buffer = self.shard.read_buffer.borrow_mut();
        match self.socket.try_read(&mut buffer) {
            Ok(0) => Err(End::Peer("closed by the peer".into())),
            Ok(length) => {
                self.info.add_bytes_in(length as u64);
                *stray += length;
                let close = || End::Peer("it sends data that nobody asked for".into());
                if *stray > MAX_STRAY { Err(close()) } else { Ok(()) }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(End::Peer(error.to_string())),
        }
    }

    /// Whether the head of a good answer has been queued: from then on there is nothing to refuse.
    fn is_answered(&self) -> bool {
        self.playing.is_some() && !self.outbox.is_corked()
    }

    fn handle_control(&self) -> Result<(), End> {
        for event in self.control.take() {
            match event {
                ControlEvent::StreamEnded { .. } if !self.is_answered() => return Err(End::Refused(Problem::ENDED)),
                ControlEvent::StreamEnded { .. } => return Err(End::StreamEnded),
                ControlEvent::StreamStarted { .. } => {}
                ControlEvent::CloseTooSlow => return Err(End::Engine("GW_PEER_TOO_SLOW")),
                ControlEvent::Replaced | ControlEvent::Shutdown if !self.is_answered() => {
                    return Err(End::Refused(Problem::STOPPED));
                }
                ControlEvent::Replaced | ControlEvent::Shutdown => return Err(End::Engine("GW_STOPPED")),
            }
        }
        Ok(())
    }

    /// Asks whether the peer may play.
    async fn decide(&self, play: &Play) -> Result<(), End> {
        let now = Instant::now();
        self.info.set_state("deciding", now);
        self.info.set_room(&play.room);
        self.info.set_name(&play.name);
        self.info.known_outside.set(true);
        let mailbox = &self.shard.shared.mailbox;
        let ask = Ask {
            connection_id: self.info.id,
            generation: 1,
            kind: AskKind::Play,
            protocol: Protocol::Flv,
            room: play.room.clone(),
            name: play.name.clone(),
            query: play.query.clone(),
            tc_url: String::new(),
            remote_address: self.info.remote,
        };
        let Some(receiver) = mailbox.ask(ask) else {
            self.log(LogLevel::Warn, "GW_TOO_MANY_ASKS", "too many requests wait for a decision".into());
            return Err(End::Refused(Problem::BUSY));
        };
        let mut stray = 0;
        tokio::select! {
            decision = receiver => match decision {
                Ok(decision) if decision.accept => Ok(()),
                Ok(decision) => {
                    let reason = decision.description.unwrap_or_else(|| "refused".to_owned());
                    Err(End::Refused(Problem::forbidden(reason)))
                }
                Err(_) => Err(End::Refused(Problem::STOPPED)),
            },
            () = sleep(self.shard.shared.options.decision_timeout) => {
                mailbox.withdraw(self.info.id);
                let message = "a request to play FLV got no decision in time and was refused";
                self.log(LogLevel::Warn, "GW_DECISION_TIMEOUT", message.into());
                Err(End::Refused(Problem::NO_DECISION))
            }
            end = self.gone(&mut stray) => Err(end),
        }
    }

    /// Sends the accepted request to the home shard of its room.
    fn move_to(&mut self, home: usize, play: Play) -> End {
        let handle = self.shard.handles.get(home).cloned();
        let socket = self.socket.as_fd().try_clone_to_owned().map(std::net::TcpStream::from);
        let (Some(handle), Ok(socket), Some(admission)) = (handle, socket, self.admission.take()) else {
            return End::Refused(Problem::BUSY);
        };
        let handoff = Handoff { socket, info: ConnectionInfo::clone(&self.info), admission, play };
        match handle.try_send(Command::FlvHandoff(Box::new(handoff))) {
            Ok(()) => End::Moved,
            Err(_) => End::Refused(Problem::BUSY),
        }
    }

    /// Waits until the stream has a publisher.
    async fn wait_for_stream(&self, play: &Play) -> Result<SharedStream, End> {
        if self.shard.waiting.get() >= MAX_WAITING_VIEWERS {
            return Err(End::Refused(Problem::TOO_MANY_WAITING));
        }
        let _place = Place::take(&self.shard);
        let key = StreamKey::new(&play.room, &play.name);
        let start = Instant::now();
        self.info.set_state("waiting", start);
        let mut stray = 0;
        loop {
            let changed = self.shard.stream_changed.notified();
            let stream = self.shard.router.borrow().get(&key).filter(|stream| stream.borrow().is_live());
            if let Some(stream) = stream {
                return Ok(stream);
            }
            let left = play.wait.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Err(End::Refused(Problem::stream_not_found(&play.room, &play.name)));
            }
            tokio::select! {
                () = changed => {}
                () = sleep(left.min(LOOK_AGAIN)) => {}
                end = self.gone(&mut stray) => return Err(end),
            }
        }
    }

    async fn play(&mut self, play: &Play, stream: SharedStream) -> Result<End, End> {
        let start = Instant::now();
        let grace = self.shard.shared.options.player_grace;
        // The file's header says which tracks there are: until they are known, what comes is kept.
        self.outbox.cork();
        let mut corked = true;
        let player = Player::new(self.info.id, Framing::Flv, self.outbox.clone(), self.control.clone(), grace);
        self.playing = Some(stream.clone());
        stream.borrow_mut().add_player(start, player, &self.shard);
        let mut stray = 0;
        loop {
            let changed = self.shard.stream_changed.notified();
            let now = Instant::now();
            self.handle_control()?;
            if corked {
                let tracks = stream.borrow().tracks(now);
                if let Some((audio, video)) = tracks {
                    corked = false;
                    self.info.set_state("playing", now);
                    self.outbox.uncork([FILE_HEAD.as_bytes(), &file_header(audio, video)].concat().into());
                } else if now.saturating_duration_since(start) > TRACKS_DEADLINE {
                    return Err(End::Refused(Problem::stream_not_found(&play.room, &play.name)));
                }
            }
            let empty = self.outbox.flush(now).map_err(|error| End::Peer(error.to_string()))?;
            if self.outbox.hopeless(now, grace) {
                return Err(End::Engine("GW_PEER_TOO_SLOW"));
            }
            tokio::select! {
                readable = self.socket.readable() => {
                    readable.map_err(|error| End::Peer(error.to_string()))?;
                    self.discard(&mut stray)?;
                }
                writable = self.socket.writable(), if !empty => {
                    writable.map_err(|error| End::Peer(error.to_string()))?;
                }
                () = self.outbox.wake.notified() => {}
                () = changed, if corked => {}
                () = sleep(LOOK_AGAIN), if corked => {}
            }
        }
    }

    /// Lets the rest of the answer leave, and closes.
    async fn finish(&mut self, end: End) {
        let (level, code, message) = match end {
            End::Moved => {
                self.info.moved.set(true);
                return;
            }
            End::Peer(reason) => (LogLevel::Debug, "GW_PEER_CLOSED", reason),
            End::Done => (LogLevel::Debug, "GW_PEER_CLOSED", "answered".to_owned()),
            End::StreamEnded => (LogLevel::Debug, "GW_STREAM_ENDED", "the stream has ended".to_owned()),
            End::Engine(code) => (LogLevel::Info, code, "closed by the gateway".to_owned()),
            End::Refused(problem) => {
                // Media that waited for its header is not wanted any more.
                drop(self.outbox.take());
                self.outbox.uncork(Bytes::from(problem.answer()));
                (LogLevel::Debug, problem.code, format!("refused with {}", problem.status))
            }
        };
        self.leave_stream();
        self.info.set_state("closed", Instant::now());
        self.log(level, code, message.clone());
        self.ended = Some(Closed { code, reason: message });
        let deadline = tokio::time::Instant::now() + LINGER;
        while matches!(self.outbox.flush(Instant::now()), Ok(false)) {
            if timeout_at(deadline, self.socket.writable()).await.is_err() {
                break;
            }
        }
    }

    fn leave_stream(&mut self) {
        if let Some(stream) = self.playing.take() {
            stream.borrow_mut().remove_player(self.info.id, 0);
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
        self.shard.tell_closed(&self.info, self.ended.take());
        self.leave_stream();
    }
}
