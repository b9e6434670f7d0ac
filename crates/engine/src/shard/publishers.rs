//! The WHIP sessions of a shard: their RTP becomes units of the stream, on time even when nothing arrives.

use super::ShardState;
use crate::EngineError;
use crate::mailbox::LogLevel;
use crate::router::SharedStream;
use crate::router::key::StreamKey;
use crate::router::stream::Publisher;
use crate::snapshot::{ConnectionSnapshot, Protocol};
use crate::webrtc::{PatchReply, PublisherSetup, ReceivedPacket, ReceivedReport, SessionId};
use bytes::Bytes;
use rtmp_gateway_bridge::RtpToUnits;
use rtmp_gateway_media::TrackKind;
use rtmp_gateway_rtp::NtpTime;
use rtmp_gateway_rtp::jitter::{JitterConfig, MediaPacket};
use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Notify;

struct Publishing {
    connection_id: u64,
    token: Arc<str>,
    stream: SharedStream,
    key: StreamKey,
    epoch: u64,
    units: RtpToUnits,
}

/// The sessions, by token and by WebRTC session, and when the next of them wants to be looked at.
#[derive(Default)]
pub(crate) struct Publishers {
    sessions: RefCell<Sessions>,
    earlier: Notify,
}

#[derive(Default)]
struct Sessions {
    by_token: HashMap<Arc<str>, SessionId>,
    by_session: HashMap<SessionId, Publishing>,
    /// What the timer task sleeps for now.
    armed: Option<Instant>,
}

impl Publishers {
    fn session(&self, token: &str) -> Option<SessionId> {
        self.sessions.borrow().by_token.get(token).copied()
    }

    fn next_timeout(&self) -> Option<Instant> {
        let mut sessions = self.sessions.borrow_mut();
        sessions.armed = sessions.by_session.values().filter_map(|session| session.units.poll_timeout()).min();
        sessions.armed
    }
}

/// Wakes jitter buffers when they are due. Runs as long as the shard.
pub(super) async fn run_timers(state: Rc<ShardState>) {
    loop {
        match state.publishers.next_timeout() {
            Some(due) => {
                tokio::select! {
                    () = tokio::time::sleep_until(due.into()) => {}
                    () = state.publishers.earlier.notified() => continue,
                }
            }
            None => {
                state.publishers.earlier.notified().await;
                continue;
            }
        }
        let now = Instant::now();
        let due: Vec<SessionId> = {
            let sessions = state.publishers.sessions.borrow();
            let is_due = |session: &Publishing| session.units.poll_timeout().is_some_and(|at| at <= now);
            sessions.by_session.iter().filter(|(_, session)| is_due(session)).map(|(id, _)| *id).collect()
        };
        for id in due {
            state.with_publisher(now, id, |units| units.handle_timeout(now));
        }
    }
}

impl ShardState {
    /// Registers a WHIP session that was set up elsewhere and makes it the publisher of its stream.
    pub(super) fn add_publisher(
        &self,
        key: &StreamKey,
        token: Arc<str>,
        remote: Option<SocketAddr>,
        setup: PublisherSetup,
    ) -> Result<(), EngineError> {
        let now = Instant::now();
        let taken = || EngineError::StreamTaken { room: key.room.to_string(), name: key.name.to_string() };
        let stream = self
            .router
            .borrow_mut()
            .get_or_create(key)
            .ok_or(EngineError::TooMany { what: "streams", limit: crate::options::MAX_STREAMS })?;
        if stream.borrow().is_live() {
            return Err(taken());
        }
        let id = self.webrtc.borrow_mut().add_publisher(setup)?;
        let connection_id = self.shared.next_id();
        let publisher = Publisher { protocol: Protocol::Webrtc, connection_id, remote, session: Some(id) };
        let Some(epoch) = stream.borrow_mut().publish(now, publisher, self) else {
            self.webrtc.borrow_mut().remove(id);
            return Err(taken());
        };
        let units = RtpToUnits::new(JitterConfig::default());
        let mut sessions = self.publishers.sessions.borrow_mut();
        sessions.by_token.insert(token.clone(), id);
        let publishing = Publishing { connection_id, token, stream, key: key.clone(), epoch, units };
        sessions.by_session.insert(id, publishing);
        Ok(())
    }

    pub(super) fn patch_publisher(
        &self,
        token: &str,
        fragment: &str,
        if_match: Option<&str>,
    ) -> Result<PatchReply, EngineError> {
        let id = self.publishers.session(token).ok_or(EngineError::SessionNotFound)?;
        Ok(self.webrtc.borrow_mut().patch(id, fragment, if_match)?)
    }

    pub(super) fn close_publisher(&self, token: &str) -> bool {
        let Some(id) = self.publishers.session(token) else { return false };
        self.webrtc.borrow_mut().remove(id);
        self.forget_publisher(id, "removed by the publisher");
        true
    }

    /// Ends the stream of a session that is gone; false when the session is no publisher.
    pub(super) fn forget_publisher(&self, id: SessionId, reason: &str) -> bool {
        let Some(session) = self.publishers.sessions.borrow_mut().by_session.remove(&id) else { return false };
        self.publishers.sessions.borrow_mut().by_token.remove(&session.token);
        session.stream.borrow_mut().unpublish(Instant::now(), session.epoch, self);
        let message = format!("WebRTC publisher of {}/{} ended: {reason}", session.key.room, session.key.name);
        self.shared.log(LogLevel::Info, "GW_WEBRTC_ENDED", Some(session.connection_id), message);
        true
    }

    pub(super) fn on_packet(&self, id: SessionId, packet: &ReceivedPacket) {
        let media = MediaPacket {
            // The 16 bits of the wire; the jitter buffer extends them itself.
            sequence_number: packet.sequence as u16,
            timestamp: packet.timestamp,
            marker: packet.marker,
            payload: Bytes::from_owner(packet.payload.clone()),
        };
        self.with_publisher(packet.received, id, |units| match packet.kind {
            TrackKind::Video => units.handle_video(packet.received, media),
            TrackKind::Audio => units.handle_audio(packet.received, media),
        });
    }

    pub(super) fn on_report(&self, id: SessionId, report: &ReceivedReport) {
        let ntp = NtpTime::from_system_time(report.wallclock);
        self.with_publisher(report.received, id, |units| {
            units.handle_sender_report(report.kind, ntp, report.timestamp);
        });
    }

    /// Gives a publisher's adapter something, then hands on what came of it.
    fn with_publisher(&self, now: Instant, id: SessionId, work: impl FnOnce(&mut RtpToUnits)) {
        let mut items = Vec::new();
        let (stream, epoch, skew, keyframe) = {
            let mut sessions = self.publishers.sessions.borrow_mut();
            let Some(session) = sessions.by_session.get_mut(&id) else { return };
            work(&mut session.units);
            items.extend(std::iter::from_fn(|| session.units.poll_item()));
            let keyframe = session.units.poll_keyframe_request(now);
            let skew = session.units.statistics().skew_micros;
            let (stream, epoch, due) = (session.stream.clone(), session.epoch, session.units.poll_timeout());
            if due.is_some_and(|due| sessions.armed.is_none_or(|armed| due < armed)) {
                self.publishers.earlier.notify_one();
            }
            (stream, epoch, skew, keyframe)
        };
        if keyframe {
            self.webrtc.borrow_mut().request_keyframe(id);
        }
        let mut stream = stream.borrow_mut();
        stream.set_skew(epoch, skew);
        for item in items {
            stream.ingest(now, epoch, item, self);
        }
    }

    pub(super) fn publisher_snapshots(&self, now: Instant) -> Vec<ConnectionSnapshot> {
        let sessions = self.publishers.sessions.borrow();
        let snapshot = |(id, session): (&SessionId, &Publishing)| {
            self.session_snapshot(now, *id, session.connection_id, &session.key)
        };
        sessions.by_session.iter().filter_map(snapshot).collect()
    }
}
