//! The `Engine` class.

use crate::convert::error;
use crate::types::*;
use napi::bindgen_prelude::{Env, Function};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;
use rtmp_gateway_engine as engine;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// `ADDRESS:PORT`, or an address alone (port 0).
fn parse_address(text: &str) -> Option<SocketAddr> {
    text.parse().ok().or_else(|| Some(SocketAddr::new(text.parse().ok()?, 0)))
}

fn id(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A running engine: RTMP and WebRTC on threads of its own. Errors have a message of the form `GW_CODE: text`.
#[napi]
pub struct Engine {
    engine: Arc<engine::Engine>,
}

#[napi]
impl Engine {
    /// Binds every port and starts the threads; when it returns, the engine serves.
    ///
    /// Throws `GW_PORT_IN_USE`, `GW_LISTEN_FAILED`, `GW_CONFIG_INVALID` or `GW_START_FAILED`.
    #[napi(constructor, catch_unwind)]
    pub fn new(options: EngineOptions) -> napi::Result<Self> {
        let options = options.try_into().map_err(|failed| error(&failed))?;
        let engine = engine::Engine::start(options).map_err(|failed| error(&failed))?;
        Ok(Self { engine: Arc::new(engine) })
    }

    /// Sets the callback that is called, without arguments and coalesced, when `drain()` has something.
    /// It does not keep the process alive.
    #[napi(catch_unwind)]
    pub fn set_wake(&self, env: &Env, callback: Function<'_, (), ()>) -> napi::Result<()> {
        let wake = callback.build_threadsafe_function().weak::<true>().build()?;
        let engine = Arc::downgrade(&self.engine);
        env.add_env_cleanup_hook(engine, |engine| {
            if let Some(engine) = engine.upgrade() {
                engine.signal_stop();
            }
        })?;
        self.engine.mailbox().set_wake(Some(Box::new(move || {
            // While the environment closes nobody is left to wake.
            let _ = wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        })));
        Ok(())
    }

    /// Takes everything new since the last drain.
    #[napi(catch_unwind)]
    pub fn drain(&self) -> Updates {
        self.engine.mailbox().drain().into()
    }

    /// Answers an ask. False when it is stale: the connection is gone, timed out, or asks something else by now.
    #[napi(catch_unwind)]
    pub fn decide(&self, connection_id: i64, generation: i64, decision: Decision) -> bool {
        self.engine.mailbox().decide(id(connection_id), id(generation), decision.into())
    }

    /// Where the engine listens, ports resolved.
    #[napi(catch_unwind)]
    pub fn addresses(&self) -> EngineAddresses {
        self.engine.addresses().into()
    }

    /// Sessions that were ended because of a bug in the engine.
    #[napi(getter, catch_unwind)]
    pub fn panics(&self) -> i64 {
        i64::try_from(self.engine.panics()).unwrap_or(i64::MAX)
    }

    /// Audio frames that were not transcoded so far: queues were full, or a codec failed.
    #[napi(getter, catch_unwind)]
    pub fn transcoding_losses(&self) -> i64 {
        i64::try_from(self.engine.transcoding_losses()).unwrap_or(i64::MAX)
    }

    /// All live streams.
    #[napi]
    pub async fn streams(&self) -> napi::Result<Vec<StreamSnapshot>> {
        let streams = self.engine.clone().streams().await.map_err(|failed| error(&failed))?;
        Ok(streams.into_iter().map(Into::into).collect())
    }

    /// All connections of both protocols.
    #[napi]
    pub async fn connections(&self) -> napi::Result<Vec<ConnectionSnapshot>> {
        let connections = self.engine.clone().connections().await.map_err(|failed| error(&failed))?;
        Ok(connections.into_iter().map(Into::into).collect())
    }

    /// How every shard keeps up.
    #[napi]
    pub async fn health(&self) -> napi::Result<Vec<ShardHealth>> {
        let health = self.engine.clone().health().await.map_err(|failed| error(&failed))?;
        Ok(health.into_iter().map(Into::into).collect())
    }

    /// Makes a WHEP session.
    ///
    /// Rejects with `GW_STREAM_NOT_FOUND`, `GW_SDP_INVALID`, `GW_SDP_INSECURE`, `GW_NO_COMMON_CODEC`,
    /// `GW_TOO_MANY_SESSIONS`, `GW_BUSY` or `GW_STOPPED`.
    #[napi]
    pub async fn create_viewer(&self, request: ViewerRequest) -> napi::Result<SessionAnswer> {
        let wait = Duration::from_millis(request.wait_ms.into());
        let engine = self.engine.clone();
        let answer = engine.create_viewer(&request.room, &request.name, request.offer, wait).await;
        answer.map(Into::into).map_err(|failed| error(&failed))
    }

    /// Applies a trickle or ICE restart fragment (RFC 8840) to a WHEP session; `ifMatch` is the entity tag it was made for.
    ///
    /// Rejects with `GW_SESSION_NOT_FOUND`, `GW_SDP_INVALID` or `GW_ETAG_MISMATCH`.
    #[napi]
    pub async fn patch_viewer(
        &self,
        session_id: String,
        fragment: String,
        if_match: Option<String>,
    ) -> napi::Result<PatchAnswer> {
        let reply = self.engine.clone().patch_viewer(&session_id, fragment, if_match).await;
        reply.map(Into::into).map_err(|failed| error(&failed))
    }

    /// Ends a WHEP session; false when there is none of that name.
    #[napi]
    pub async fn close_viewer(&self, session_id: String) -> napi::Result<bool> {
        self.engine.clone().close_viewer(&session_id).await.map_err(|failed| error(&failed))
    }

    /// Makes a WHIP session: the peer becomes the publisher of the stream.
    ///
    /// Rejects with `GW_STREAM_TAKEN`, `GW_SDP_INVALID`, `GW_SDP_INSECURE`, `GW_NO_COMMON_CODEC`,
    /// `GW_UNSUPPORTED_VIDEO_CODEC`, `GW_TOO_MANY_SESSIONS`, `GW_BUSY` or `GW_STOPPED`.
    #[napi]
    pub async fn create_publisher(&self, request: PublisherRequest) -> napi::Result<SessionAnswer> {
        let remote = request.remote_address.as_deref().and_then(parse_address);
        let engine = self.engine.clone();
        let answer = engine.create_publisher(&request.room, &request.name, request.offer, remote).await;
        answer.map(Into::into).map_err(|failed| error(&failed))
    }

    /// As `patchViewer`, for a WHIP session.
    #[napi]
    pub async fn patch_publisher(
        &self,
        session_id: String,
        fragment: String,
        if_match: Option<String>,
    ) -> napi::Result<PatchAnswer> {
        let reply = self.engine.clone().patch_publisher(&session_id, fragment, if_match).await;
        reply.map(Into::into).map_err(|failed| error(&failed))
    }

    /// Ends a WHIP session and its stream's publisher; false when there is none of that name.
    #[napi]
    pub async fn close_publisher(&self, session_id: String) -> napi::Result<bool> {
        self.engine.clone().close_publisher(&session_id).await.map_err(|failed| error(&failed))
    }

    /// Tells every peer, closes every socket and ends the threads.
    #[napi]
    pub async fn stop(&self) -> napi::Result<()> {
        let engine = self.engine.clone();
        let stopped = napi::tokio::task::spawn_blocking(move || engine.stop()).await;
        stopped.map_err(|_| napi::Error::from_reason("GW_STOPPED: the engine could not be stopped"))
    }
}
