//! The WHEP sessions of a shard: from the token in their URL to the WebRTC session and the stream.

use super::ShardState;
use crate::EngineError;
use crate::mailbox::LogLevel;
use crate::router::SharedStream;
use crate::router::key::StreamKey;
use crate::snapshot::{ConnectionSnapshot, Protocol};
use crate::transcoding::Transcoded;
use crate::webrtc::{Event, GopReason, PatchReply, SessionId, ViewerSetup};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

struct Viewer {
    connection_id: u64,
    token: Arc<str>,
    stream: SharedStream,
    key: StreamKey,
}

/// The sessions, by token and by WebRTC session.
#[derive(Default)]
pub(crate) struct Viewers {
    by_token: HashMap<Arc<str>, SessionId>,
    by_session: HashMap<SessionId, Viewer>,
}

impl Viewers {
    fn remove(&mut self, id: SessionId) -> Option<Viewer> {
        let viewer = self.by_session.remove(&id)?;
        self.by_token.remove(&viewer.token);
        Some(viewer)
    }
}

impl ShardState {
    /// Registers a session that was set up elsewhere; after this its datagrams find it and the answer may go out.
    pub(super) fn add_viewer(&self, key: &StreamKey, token: Arc<str>, setup: ViewerSetup) -> Result<(), EngineError> {
        let not_found = || EngineError::StreamNotFound { room: key.room.to_string(), name: key.name.to_string() };
        let stream = self.router.borrow().get(key).ok_or_else(not_found)?;
        let now = Instant::now();
        let (stream_id, epoch) = {
            let mut stream = stream.borrow_mut();
            if !stream.is_live() {
                return Err(not_found());
            }
            let id = stream.id;
            (id, stream.webrtc_output(now).epoch())
        };
        let id = self.webrtc.borrow_mut().add_viewer(setup, stream_id, epoch)?;
        stream.borrow_mut().webrtc_output(now).viewers.insert(id);
        let connection_id = self.shared.next_id();
        let mut viewers = self.viewers.borrow_mut();
        viewers.by_token.insert(token.clone(), id);
        viewers.by_session.insert(id, Viewer { connection_id, token, stream, key: key.clone() });
        Ok(())
    }

    pub(super) fn patch_viewer(
        &self,
        token: &str,
        fragment: &str,
        if_match: Option<&str>,
    ) -> Result<PatchReply, EngineError> {
        let id = *self.viewers.borrow().by_token.get(token).ok_or(EngineError::SessionNotFound)?;
        Ok(self.webrtc.borrow_mut().patch(id, fragment, if_match)?)
    }

    pub(super) fn close_viewer(&self, token: &str) -> bool {
        let Some(id) = self.viewers.borrow().by_token.get(token).copied() else { return false };
        self.webrtc.borrow_mut().remove(id);
        self.forget_viewer(id);
        true
    }

    fn forget_viewer(&self, id: SessionId) -> Option<u64> {
        let viewer = self.viewers.borrow_mut().remove(id)?;
        viewer.stream.borrow_mut().remove_viewer(id);
        Some(viewer.connection_id)
    }

    /// What the WebRTC side reports.
    pub(super) fn on_webrtc_event(&self, event: Event) {
        match event {
            Event::Connected { .. } => {}
            Event::GopWanted { id, reason, .. } => {
                let stream = self.viewers.borrow().by_session.get(&id).map(|viewer| viewer.stream.clone());
                if let Some(stream) = stream {
                    let stream = stream.borrow();
                    stream.start_viewer(id, self);
                    if reason == GopReason::Request {
                        stream.request_keyframe(self);
                    }
                }
            }
            Event::Packet { id, packet } => self.on_packet(id, &packet),
            Event::Report { id, report } => self.on_report(id, &report),
            Event::Disconnected { id, reason, .. } => {
                if self.forget_publisher(id, &format!("{reason:?}")) {
                    return;
                }
                if let Some(connection_id) = self.forget_viewer(id) {
                    let message = format!("WebRTC session ended: {reason:?}");
                    self.shared.log(LogLevel::Debug, "GW_WEBRTC_ENDED", Some(connection_id), message);
                }
            }
        }
    }

    /// Sound that the transcoding thread made.
    pub(super) fn on_transcoded(&self, transcoded: &Transcoded) {
        let stream = self.router.borrow().by_id(transcoded.id.stream);
        if let Some(stream) = stream {
            stream.borrow_mut().handle_transcoded(Instant::now(), transcoded.id, &transcoded.unit, self);
        }
    }

    pub(super) fn viewer_snapshots(&self, now: Instant) -> Vec<ConnectionSnapshot> {
        let viewers = self.viewers.borrow();
        let snapshot =
            |(id, viewer): (&SessionId, &Viewer)| self.session_snapshot(now, *id, viewer.connection_id, &viewer.key);
        viewers.by_session.iter().filter_map(snapshot).collect()
    }

    /// A WebRTC session of either direction as the list of connections shows it.
    pub(super) fn session_snapshot(
        &self,
        now: Instant,
        id: SessionId,
        connection_id: u64,
        key: &StreamKey,
    ) -> Option<ConnectionSnapshot> {
        let stats = self.webrtc.borrow().stats(id)?;
        Some(ConnectionSnapshot {
            id: connection_id,
            protocol: Protocol::Webrtc,
            state: stats.state.to_string(),
            state_since_ms: now.saturating_duration_since(stats.since).as_millis() as u64,
            room: Some(key.room.to_string()),
            name: Some(key.name.to_string()),
            remote_address: stats.remote_address,
            bytes_in: stats.bytes_in,
            bytes_out: stats.bytes_out,
            queued_bytes: 0,
            queued_ms: 0,
            shard: self.index as u32,
        })
    }
}
