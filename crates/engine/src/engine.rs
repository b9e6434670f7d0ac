//! The engine from outside: starts the shards, routes requests to them, stops them.

use crate::error::EngineError;
use crate::mailbox::{LogLevel, Mailbox};
use crate::options::{EngineOptions, MAX_COMMANDS, MAX_WAIT};
use crate::router::key::StreamKey;
use crate::rtmp_io::listener::{self, Port};
use crate::rtmp_io::tune;
use crate::shard::{self, Command, ShardHandle, ShardStart};
use crate::shared::Shared;
use crate::snapshot::{Addresses, ConnectionSnapshot, ShardHealth, StreamSnapshot};
use crate::transcoding::{MAX_TRANSCODED, Transcoding};
use crate::webrtc::{self, PatchReply};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

/// WebRTC set-ups at once: parsing an offer and making its session takes about a millisecond of one core, so a burst of
/// viewers must not take every helper thread.
const MAX_SETUPS: usize = 4;
/// WHEP requests inside the engine at once, waiting ones included; a shard bounds its own waiting ones as well.
const MAX_REQUESTS: usize = 4_096;

/// The answer to an offer.
#[derive(Debug, Clone)]
pub struct SessionAnswer {
    /// Unguessable name of the session; the WHEP or WHIP resource.
    pub session_id: String,
    /// SDP answer.
    pub answer: String,
    /// Entity tag of the ICE session (RFC 9725 section 4.3).
    pub etag: String,
}

struct Shard {
    handle: ShardHandle,
    candidates: Vec<SocketAddr>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// A running engine. Dropping it stops it without waiting.
pub struct Engine {
    shared: Arc<Shared>,
    shards: Vec<Shard>,
    addresses: Addresses,
    transcoding: Transcoding,
    stop: watch::Sender<bool>,
    setups: Semaphore,
    requests: Semaphore,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

impl Engine {
    /// Binds every port and starts the shards; when this returns, the engine serves.
    pub fn start(options: EngineOptions) -> Result<Self, EngineError> {
        options.validate()?;
        webrtc::warm_up();
        let open = |which, port| {
            let wanted = SocketAddr::new(options.host, port);
            let listeners = listener::open_all(which, wanted, options.shards, &options.tcp_congestion)?;
            let address = listeners.first().and_then(|listener| listener.local_addr().ok()).unwrap_or(wanted);
            Ok::<_, EngineError>((listeners, address))
        };
        let (listeners, rtmp) = open(Port::Rtmp, options.rtmp_port)?;
        let (flv_listeners, flv) = match options.flv_port {
            Some(port) => open(Port::Flv, port).map(|(listeners, address)| (listeners, Some(address)))?,
            None => (Vec::new(), None),
        };
        let tcp_congestion = listeners.first().and_then(tune::congestion);
        let shared = Arc::new(Shared::new(options.clone()));
        if tcp_congestion.as_ref().is_some_and(|has| *has != options.tcp_congestion) {
            let has = tcp_congestion.as_deref().unwrap_or_default();
            let message =
                format!("the kernel refuses TCP congestion control {}; {has} is used", options.tcp_congestion);
            shared.log(LogLevel::Warn, "GW_CONGESTION_FALLBACK", None, message);
        }
        let (handles, commands): (Vec<_>, Vec<_>) = (0..options.shards).map(|_| mpsc::channel(MAX_COMMANDS)).unzip();
        let (outputs, transcoded): (Vec<_>, Vec<_>) =
            (0..options.shards).map(|_| mpsc::channel(MAX_TRANSCODED)).unzip();
        let transcoding = Transcoding::start(outputs)
            .map_err(|source| EngineError::Start { what: "the transcoding thread", source })?;
        let (stop, stopped) = watch::channel(false);
        let mut engine = Self {
            shared: shared.clone(),
            shards: Vec::new(),
            addresses: Addresses { rtmp, flv, tcp_congestion, webrtc: Vec::new() },
            transcoding: transcoding.clone(),
            stop,
            setups: Semaphore::new(MAX_SETUPS),
            requests: Semaphore::new(MAX_REQUESTS),
        };
        let mut flv_listeners = flv_listeners.into_iter();
        let parts = listeners.into_iter().zip(commands).zip(transcoded).enumerate();
        for (index, ((listener, commands), transcoded)) in parts {
            let offset = index as u16;
            let port = if options.webrtc_port == 0 { 0 } else { options.webrtc_port.saturating_add(offset) };
            let start = ShardStart {
                index,
                shared: shared.clone(),
                handles: handles.clone(),
                commands,
                listener,
                flv_listener: flv_listeners.next(),
                webrtc: webrtc::BindOptions {
                    address: SocketAddr::new(options.host, port),
                    public_ips: options.public_ips.clone(),
                    max_sessions: crate::options::MAX_WEBRTC_SESSIONS,
                },
                transcoding: transcoding.clone(),
                transcoded,
                stop: stopped.clone(),
            };
            let handle = handles.get(index).cloned().ok_or(EngineError::Stopped)?;
            engine.start_shard(start, handle)?;
        }
        Ok(engine)
    }

    fn start_shard(&mut self, start: ShardStart, handle: ShardHandle) -> Result<(), EngineError> {
        let index = start.index;
        let (ready, started) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new()
            .name(format!("shard-{index}"))
            .spawn(move || {
                let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                    Ok(runtime) => runtime,
                    Err(source) => {
                        let _ = ready.send(Err(EngineError::Start { what: "a shard's runtime", source }));
                        return;
                    }
                };
                tokio::task::LocalSet::new().block_on(&runtime, shard::run(start, ready));
            })
            .map_err(|source| EngineError::Start { what: "a shard", source })?;
        let started = started.recv().map_err(|_| EngineError::Stopped)??;
        self.addresses.webrtc.push(SocketAddr::new(self.shared.options.host, started.port));
        self.shards.push(Shard { handle, candidates: started.candidates, thread: Mutex::new(Some(thread)) });
        Ok(())
    }

    /// Where the engine listens.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Asks, news and logs for the deciding side.
    pub fn mailbox(&self) -> &Mailbox {
        &self.shared.mailbox
    }

    /// Sessions that a panic of ours has ended so far.
    pub fn panics(&self) -> u64 {
        self.shared.panics.load(Ordering::Relaxed)
    }

    /// Audio frames that were not transcoded so far: queues were full, or a codec failed.
    pub fn transcoding_losses(&self) -> u64 {
        self.transcoding.losses()
    }

    async fn request<T>(
        &self,
        shard: usize,
        make: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, EngineError> {
        let shard = self.shards.get(shard).ok_or(EngineError::SessionNotFound)?;
        let (reply, answer) = oneshot::channel();
        shard.handle.try_send(make(reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => EngineError::Busy,
            mpsc::error::TrySendError::Closed(_) => EngineError::Stopped,
        })?;
        answer.await.map_err(|_| EngineError::Stopped)
    }

    async fn request_all<T>(&self, make: impl Fn(oneshot::Sender<Vec<T>>) -> Command) -> Result<Vec<T>, EngineError> {
        let mut all = Vec::new();
        for shard in 0..self.shards.len() {
            all.extend(self.request(shard, &make).await?);
        }
        Ok(all)
    }

    /// All live streams.
    pub async fn streams(&self) -> Result<Vec<StreamSnapshot>, EngineError> {
        self.request_all(Command::Streams).await
    }

    /// All connections of both protocols.
    pub async fn connections(&self) -> Result<Vec<ConnectionSnapshot>, EngineError> {
        self.request_all(Command::Connections).await
    }

    /// How every shard keeps up.
    pub async fn health(&self) -> Result<Vec<ShardHealth>, EngineError> {
        let mut all = Vec::new();
        for shard in 0..self.shards.len() {
            all.push(self.request(shard, Command::Health).await?);
        }
        Ok(all)
    }

    /// Makes a WHEP session for a stream; waits up to `wait` (at most [`MAX_WAIT`]) for the stream to appear.
    ///
    /// Must run inside a tokio runtime: the offer is worked on by one of its blocking threads, never by a shard.
    pub async fn create_viewer(
        &self,
        room: &str,
        name: &str,
        offer: String,
        wait: Duration,
    ) -> Result<SessionAnswer, EngineError> {
        let too_many = |_| EngineError::TooMany { what: "WHEP requests", limit: MAX_REQUESTS };
        let _place = self.requests.try_acquire().map_err(too_many)?;
        let key = StreamKey::new(room, name);
        let home = StreamKey::home_shard(room, self.shards.len());
        let wait = wait.min(MAX_WAIT);
        let asked = key.clone();
        let media = self.request(home, |reply| Command::Describe { key: asked, wait, reply }).await??;
        let setup =
            self.set_up(home, move |candidates, now| webrtc::setup_viewer(&offer, &media, &candidates, now)).await?;
        let token = Self::token(home)?;
        let answer =
            SessionAnswer { session_id: token.to_string(), answer: setup.answer.clone(), etag: setup.etag.clone() };
        let setup = Box::new(setup);
        self.request(home, |reply| Command::AddViewer { key, token, setup, reply }).await??;
        Ok(answer)
    }

    /// Makes a WHIP session: the peer becomes the publisher of the stream.
    ///
    /// Must run inside a tokio runtime, as [`Engine::create_viewer`].
    pub async fn create_publisher(
        &self,
        room: &str,
        name: &str,
        offer: String,
        remote: Option<SocketAddr>,
    ) -> Result<SessionAnswer, EngineError> {
        let too_many = |_| EngineError::TooMany { what: "WHIP requests", limit: MAX_REQUESTS };
        let _place = self.requests.try_acquire().map_err(too_many)?;
        let key = StreamKey::new(room, name);
        let home = StreamKey::home_shard(room, self.shards.len());
        let asked = key.clone();
        // Before the offer is worked on; the shard looks again when the session is added.
        if self.request(home, |reply| Command::IsLive { key: asked, reply }).await? {
            return Err(EngineError::StreamTaken { room: room.to_owned(), name: name.to_owned() });
        }
        let setup = self.set_up(home, move |candidates, now| webrtc::setup_publisher(&offer, &candidates, now)).await?;
        let token = Self::token(home)?;
        let answer =
            SessionAnswer { session_id: token.to_string(), answer: setup.answer.clone(), etag: setup.etag.clone() };
        let setup = Box::new(setup);
        self.request(home, |reply| Command::AddPublisher { key, token, remote, setup, reply }).await??;
        Ok(answer)
    }

    /// Works on an offer on a helper thread.
    async fn set_up<T: Send + 'static>(
        &self,
        shard: usize,
        work: impl FnOnce(Vec<SocketAddr>, Instant) -> Result<T, webrtc::SetupError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let candidates = self.shards.get(shard).map(|shard| shard.candidates.clone()).unwrap_or_default();
        let _turn = self.setups.acquire().await.map_err(|_| EngineError::Stopped)?;
        let setup = tokio::task::spawn_blocking(move || work(candidates, Instant::now())).await;
        Ok(setup.map_err(|_| EngineError::Stopped)??)
    }

    /// An unguessable name for a session that says which shard it lives on.
    fn token(shard: usize) -> Result<Arc<str>, EngineError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)
            .map_err(|_| EngineError::Start { what: "a session", source: std::io::Error::other("no randomness") })?;
        Ok(format!("{shard:x}-{:032x}", u128::from_be_bytes(random)).into())
    }

    fn shard_of(token: &str) -> Result<usize, EngineError> {
        let (shard, _) = token.split_once('-').ok_or(EngineError::SessionNotFound)?;
        usize::from_str_radix(shard, 16).map_err(|_| EngineError::SessionNotFound)
    }

    /// Ends a session by the command of its kind; a name that no shard can have given is not found.
    async fn close(
        &self,
        session_id: &str,
        command: impl FnOnce(Arc<str>, oneshot::Sender<bool>) -> Command,
    ) -> Result<bool, EngineError> {
        let Ok(shard) = Self::shard_of(session_id) else { return Ok(false) };
        let token = session_id.into();
        match self.request(shard, |reply| command(token, reply)).await {
            Err(EngineError::SessionNotFound) => Ok(false),
            other => other,
        }
    }

    /// Applies an SDP fragment: trickled candidates, or an ICE restart (then the reply has an answer).
    pub async fn patch_viewer(
        &self,
        session_id: &str,
        fragment: String,
        if_match: Option<String>,
    ) -> Result<PatchReply, EngineError> {
        let shard = Self::shard_of(session_id)?;
        let token = session_id.into();
        self.request(shard, |reply| Command::PatchViewer { token, fragment, if_match, reply }).await?
    }

    /// Ends a WHEP session; false when there is none of that name.
    pub async fn close_viewer(&self, session_id: &str) -> Result<bool, EngineError> {
        self.close(session_id, |token, reply| Command::CloseViewer { token, reply }).await
    }

    /// As [`Engine::patch_viewer`], for a WHIP session.
    pub async fn patch_publisher(
        &self,
        session_id: &str,
        fragment: String,
        if_match: Option<String>,
    ) -> Result<PatchReply, EngineError> {
        let shard = Self::shard_of(session_id)?;
        let token = session_id.into();
        self.request(shard, |reply| Command::PatchPublisher { token, fragment, if_match, reply }).await?
    }

    /// Ends a WHIP session and its stream's publisher; false when there is none of that name.
    pub async fn close_publisher(&self, session_id: &str) -> Result<bool, EngineError> {
        self.close(session_id, |token, reply| Command::ClosePublisher { token, reply }).await
    }

    /// Tells every shard to stop: peers are told, sockets closed. Blocks until the threads have ended.
    pub fn stop(&self) {
        self.signal_stop();
        for shard in &self.shards {
            let thread = shard.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(thread) = thread {
                // A shard that panicked has already said so; there is nothing left to stop.
                let _ = thread.join();
            }
        }
    }

    /// Tells every shard to stop without waiting.
    pub fn signal_stop(&self) {
        self.shared.mailbox.set_wake(None);
        // Without receivers every shard has ended already.
        let _ = self.stop.send(true);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.signal_stop();
    }
}
