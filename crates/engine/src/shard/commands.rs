//! What other threads ask of a shard.

use super::ShardState;
use crate::EngineError;
use crate::flv_io;
use crate::mailbox::LogLevel;
use crate::options::MAX_WAITING_VIEWERS;
use crate::router::key::StreamKey;
use crate::rtmp_io::connection::{Connection, Handoff};
use crate::snapshot::{ConnectionSnapshot, ShardHealth, StreamSnapshot};
use crate::webrtc::{PatchReply, PublisherSetup, StreamMedia, ViewerSetup};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How long a live stream whose tracks are not known yet is waited for, even when the caller would not wait at all.
const DESCRIBE_WAIT: Duration = Duration::from_secs(2);

/// A request to a shard; replies go through the channel inside it, and a dropped channel means nobody waits any more.
pub(crate) enum Command {
    /// A connection whose room lives here.
    Handoff(Box<Handoff>),
    /// An HTTP-FLV request whose room lives here.
    FlvHandoff(Box<flv_io::Handoff>),
    /// Which tracks a stream has for WebRTC; waits for the stream to appear.
    Describe { key: StreamKey, wait: Duration, reply: oneshot::Sender<Result<StreamMedia, EngineError>> },
    /// A WHEP session that was set up on a helper thread.
    AddViewer {
        key: StreamKey,
        token: Arc<str>,
        setup: Box<ViewerSetup>,
        reply: oneshot::Sender<Result<(), EngineError>>,
    },
    /// Trickled candidates or an ICE restart of a WHEP session.
    PatchViewer {
        token: Arc<str>,
        fragment: String,
        if_match: Option<String>,
        reply: oneshot::Sender<Result<PatchReply, EngineError>>,
    },
    /// Whether a name is free to publish to.
    IsLive { key: StreamKey, reply: oneshot::Sender<bool> },
    /// A WHIP session that was set up on a helper thread.
    AddPublisher {
        key: StreamKey,
        token: Arc<str>,
        remote: Option<SocketAddr>,
        setup: Box<PublisherSetup>,
        reply: oneshot::Sender<Result<(), EngineError>>,
    },
    /// Trickled candidates or an ICE restart of a WHIP session.
    PatchPublisher {
        token: Arc<str>,
        fragment: String,
        if_match: Option<String>,
        reply: oneshot::Sender<Result<PatchReply, EngineError>>,
    },
    /// Ends a WHIP session.
    ClosePublisher { token: Arc<str>, reply: oneshot::Sender<bool> },
    /// Ends a WHEP session.
    CloseViewer { token: Arc<str>, reply: oneshot::Sender<bool> },
    /// All live streams.
    Streams(oneshot::Sender<Vec<StreamSnapshot>>),
    /// All connections.
    Connections(oneshot::Sender<Vec<ConnectionSnapshot>>),
    /// How the shard keeps up.
    Health(oneshot::Sender<ShardHealth>),
}

/// Carries out a command; what takes time becomes a task.
pub(super) fn carry_out(state: &Rc<ShardState>, command: Command) {
    match command {
        Command::Handoff(handoff) => match Connection::arrived(state.clone(), *handoff) {
            Ok(connection) => {
                tokio::task::spawn_local(connection.run());
            }
            Err(error) => state.shared.log(LogLevel::Error, "GW_HANDOFF_FAILED", None, error.to_string()),
        },
        Command::FlvHandoff(handoff) => flv_io::arrive(state.clone(), *handoff),
        Command::Describe { key, wait, reply } => {
            if state.waiting.get() >= MAX_WAITING_VIEWERS {
                let _ = reply.send(Err(EngineError::TooMany { what: "waiting viewers", limit: MAX_WAITING_VIEWERS }));
                return;
            }
            tokio::task::spawn_local(describe(state.clone(), key, wait, reply));
        }
        Command::AddViewer { key, token, setup, reply } => {
            let _ = reply.send(state.add_viewer(&key, token, *setup));
        }
        Command::IsLive { key, reply } => {
            let live = state.router.borrow().get(&key).is_some_and(|stream| stream.borrow().is_live());
            let _ = reply.send(live);
        }
        Command::AddPublisher { key, token, remote, setup, reply } => {
            let _ = reply.send(state.add_publisher(&key, token, remote, *setup));
        }
        Command::PatchPublisher { token, fragment, if_match, reply } => {
            let _ = reply.send(state.patch_publisher(&token, &fragment, if_match.as_deref()));
        }
        Command::ClosePublisher { token, reply } => {
            let _ = reply.send(state.close_publisher(&token));
        }
        Command::PatchViewer { token, fragment, if_match, reply } => {
            let _ = reply.send(state.patch_viewer(&token, &fragment, if_match.as_deref()));
        }
        Command::CloseViewer { token, reply } => {
            let _ = reply.send(state.close_viewer(&token));
        }
        Command::Streams(reply) => {
            let _ = reply.send(state.router.borrow().snapshots(Instant::now(), state.index as u32));
        }
        Command::Connections(reply) => {
            let _ = reply.send(state.connection_snapshots());
        }
        Command::Health(reply) => {
            let _ = reply.send(ShardHealth {
                shard: state.index as u32,
                lag_ms: state.heartbeat.lag_ms(),
                connections: state.connections.borrow().len() as u32,
                streams: state.router.borrow().live() as u32,
                writes: state.writes.get(),
                held_audio: state.audio_holds.held(),
                expired_holds: state.audio_holds.expired(),
            });
        }
    }
}

/// One waiting request; gives its place back however it ends.
pub(crate) struct Place(Rc<ShardState>);

impl Place {
    pub(crate) fn take(state: &Rc<ShardState>) -> Self {
        state.waiting.set(state.waiting.get() + 1);
        Self(state.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.waiting.set(self.0.waiting.get().saturating_sub(1));
    }
}

async fn describe(
    state: Rc<ShardState>,
    key: StreamKey,
    wait: Duration,
    mut reply: oneshot::Sender<Result<StreamMedia, EngineError>>,
) {
    let _place = Place::take(&state);
    let start = Instant::now();
    loop {
        let changed = state.stream_changed.notified();
        let now = Instant::now();
        let (live, media) = state.router.borrow().get(&key).map_or((false, None), |stream| {
            let stream = stream.borrow();
            (stream.is_live(), stream.media(now))
        });
        if let Some(media) = media {
            let _ = reply.send(Ok(media));
            return;
        }
        let wait = if live { wait.max(DESCRIBE_WAIT) } else { wait };
        let left = wait.saturating_sub(now.saturating_duration_since(start));
        if left.is_zero() {
            let (room, name) = (key.room.to_string(), key.name.to_string());
            let _ = reply.send(Err(EngineError::StreamNotFound { room, name }));
            return;
        }
        // A stream with one track only becomes ready by time alone, so look again even if nothing changes.
        let pause = left.min(Duration::from_millis(100));
        tokio::select! {
            () = changed => {}
            () = tokio::time::sleep(pause) => {}
            () = reply.closed() => return,
        }
    }
}
