//! The owner's decisions on publish and play, and the life of a played stream (RTMP 1.0 sections 7.2.2.1 and 7.2.2.6).

use std::time::Instant;

use super::{ServerSession, StateName, StreamStateName};
use crate::amf0::Value;
use crate::chunk::ReaderLimits;
use crate::limits::MAX_REJECTED_REQUESTS;
use crate::message::control::UserControl;
use crate::session::SessionError;

impl ServerSession {
    /// Lets the publisher begin. From here on its messages may be long.
    ///
    /// Returns false when no publish is awaited on that stream (it was closed meanwhile): a stale decision.
    pub fn accept_publish(&mut self, now: Instant, message_stream_id: u32) -> bool {
        let id = message_stream_id;
        let Some(name) = self.take_awaiting(now, id, StreamStateName::AwaitingPublish) else { return false };
        self.reader.set_limits(ReaderLimits::PUBLISHER);
        self.set_stream(id, StreamStateName::Publishing);
        self.send_user_control(UserControl::StreamBegin(id));
        self.send_status(id, "status", "NetStream.Publish.Start", "Publishing started.", Some(&name));
        true
    }

    /// Refuses the publisher with `onStatus` of level error; it may ask again.
    ///
    /// `code` is what clients know, such as `NetStream.Publish.BadName` or `NetStream.Publish.Denied`. Returns false
    /// for a stale decision. After [`MAX_REJECTED_REQUESTS`] rejections the session fails at its next timeout, which is
    /// due at once.
    pub fn reject_publish(&mut self, now: Instant, message_stream_id: u32, code: &str, description: &str) -> bool {
        self.reject(now, message_stream_id, StreamStateName::AwaitingPublish, code, description)
    }

    /// Lets the player begin, whether its publisher exists or not: media and metadata follow when there are some.
    ///
    /// Returns false for a stale decision.
    pub fn accept_play(&mut self, now: Instant, message_stream_id: u32) -> bool {
        let id = message_stream_id;
        let Some(name) = self.take_awaiting(now, id, StreamStateName::AwaitingPlay) else { return false };
        self.set_stream(id, StreamStateName::Playing);
        self.send_user_control(UserControl::StreamBegin(id));
        self.send_status(id, "status", "NetStream.Play.Reset", "Playing and resetting.", Some(&name));
        self.send_status(id, "status", "NetStream.Play.Start", "Playing started.", Some(&name));
        // Flash may read samples; librtmp and FFmpeg skip it, some players wait for it.
        self.send_data(id, &[Value::string("|RtmpSampleAccess"), Value::Boolean(true), Value::Boolean(true)]);
        true
    }

    /// Refuses the player with `onStatus` of level error, such as `NetStream.Play.StreamNotFound`; it may ask again.
    /// Returns false for a stale decision.
    pub fn reject_play(&mut self, now: Instant, message_stream_id: u32, code: &str, description: &str) -> bool {
        self.reject(now, message_stream_id, StreamStateName::AwaitingPlay, code, description)
    }

    /// Tells a player that its stream has ended for good: UnpublishNotify and StreamEOF. Most players then leave; one
    /// that stays may be told of a new publisher by [`Self::notify_publish`]. False when the stream does not play.
    pub fn notify_unpublish(&mut self, now: Instant, message_stream_id: u32) -> bool {
        let Some(name) = self.playing(now, message_stream_id) else { return false };
        self.say_unpublished(message_stream_id, &name);
        true
    }

    /// Tells a player that its stream begins again after [`Self::notify_unpublish`]. False when the stream does not
    /// play.
    pub fn notify_publish(&mut self, now: Instant, message_stream_id: u32) -> bool {
        let Some(name) = self.playing(now, message_stream_id) else { return false };
        self.send_user_control(UserControl::StreamBegin(message_stream_id));
        let code = "NetStream.Play.PublishNotify";
        self.send_status(message_stream_id, "status", code, "The stream is published.", Some(&name));
        true
    }

    fn playing(&mut self, now: Instant, id: u32) -> Option<String> {
        self.now = now;
        self.stream(id).filter(|stream| stream.state.plays()).map(|stream| stream.name.clone())
    }

    fn take_awaiting(&mut self, now: Instant, id: u32, awaiting: StreamStateName) -> Option<String> {
        self.now = now;
        // Reading was paused: the silence since the last byte was ours.
        self.liveness.heard(now);
        if self.state.name == StateName::Closed || self.failure.is_some() {
            return None;
        }
        self.stream(id).filter(|stream| stream.state == awaiting).map(|stream| stream.name.clone())
    }

    fn reject(&mut self, now: Instant, id: u32, awaiting: StreamStateName, code: &str, description: &str) -> bool {
        let Some(name) = self.take_awaiting(now, id, awaiting) else { return false };
        self.set_stream(id, StreamStateName::Idle);
        self.send_status(id, "error", code, description, Some(&name));
        self.counters.rejected += 1;
        if self.counters.rejected > MAX_REJECTED_REQUESTS {
            self.fail(SessionError::TooManyRequests);
        }
        true
    }
}
