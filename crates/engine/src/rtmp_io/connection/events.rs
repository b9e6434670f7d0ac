//! What a session reports and what other tasks ask of a connection (RTMP 1.0 section 7).

use super::{Connection, End, Role};
use crate::mailbox::{AskKind, LogLevel};
use crate::router::player::Player;
use crate::rtmp_io::control::ControlEvent;
use rtmp_gateway_rtmp::chunk::MediaKind;
use rtmp_gateway_rtmp::escape::Escaped;
use rtmp_gateway_rtmp::session::server::{CloseReason, Event};
use std::time::Instant;

impl Connection {
    pub(super) fn on_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Media(media) => {
                let message_stream_id = media.message_stream_id;
                let role = self.roles.iter_mut().find(|role| role.message_stream_id() == message_stream_id);
                if let Some(Role::Publishing { stream, epoch, units, .. }) = role {
                    let result = match media.kind {
                        MediaKind::Audio => units.handle_audio(media.timestamp, media.body),
                        MediaKind::Video => units.handle_video(media.timestamp, media.body),
                        MediaKind::Data => units.handle_data(media.timestamp, media.body),
                    };
                    let mut stream = stream.borrow_mut();
                    if result.is_err() {
                        stream.reject(*epoch);
                    }
                    while let Some(item) = units.poll_item() {
                        stream.ingest(now, *epoch, item, &self.shard);
                    }
                }
            }
            Event::PublishRequested(request) => self.ask(now, AskKind::Publish, request),
            Event::PlayRequested(request) => self.ask(now, AskKind::Play, request),
            Event::Unpublished { message_stream_id } | Event::Stopped { message_stream_id } => {
                if self.pending.as_ref().is_some_and(|pending| pending.request.message_stream_id == message_stream_id) {
                    self.shard.shared.mailbox.withdraw(self.info.id);
                    self.pending = None;
                }
                self.end_roles(now, |role| role.message_stream_id() == message_stream_id);
            }
            Event::Paused { message_stream_id, paused } => {
                self.with_player(message_stream_id, |player| {
                    player.paused = paused;
                    player.wait_for_keyframe();
                });
            }
            Event::ReceiveChanged { message_stream_id, kind, enabled } => {
                self.with_player(message_stream_id, |player| match kind {
                    MediaKind::Audio => player.audio = enabled,
                    MediaKind::Video => {
                        player.video = enabled;
                        player.wait_for_keyframe();
                    }
                    MediaKind::Data => {}
                });
            }
            Event::Connected(connected) => {
                self.info.set_room(&connected.room);
                self.log(
                    LogLevel::Debug,
                    "GW_RTMP_CONNECTED",
                    format!("app {} from {}", Escaped(&connected.app), self.info.remote),
                );
            }
            Event::Refused(refused) => self.log(LogLevel::Warn, refused.code, refused.detail),
            Event::BufferLength { .. } => {}
        }
    }

    pub(super) fn with_player(&self, message_stream_id: u32, change: impl FnOnce(&mut Player)) {
        let playing = self.roles.iter().find_map(|role| match role {
            Role::Playing { message_stream_id: id, stream } if *id == message_stream_id => Some(stream),
            _ => None,
        });
        if let Some(stream) = playing
            && let Some(player) = stream.borrow_mut().player_mut(self.info.id, message_stream_id)
        {
            change(player);
        }
    }

    pub(super) fn process_control(&mut self, now: Instant) -> Result<(), End> {
        for event in self.control.take() {
            match event {
                ControlEvent::StreamEnded { message_stream_id } => {
                    self.session.notify_unpublish(now, message_stream_id);
                }
                ControlEvent::StreamStarted { message_stream_id } => {
                    self.session.notify_publish(now, message_stream_id);
                }
                ControlEvent::Replaced => {
                    return Err(End::Engine { code: "GW_PUBLISHER_REPLACED", reason: CloseReason::Replaced });
                }
                ControlEvent::CloseTooSlow => {
                    return Err(End::Engine { code: "GW_PEER_TOO_SLOW", reason: CloseReason::TooSlow });
                }
                ControlEvent::Shutdown => {
                    return Err(End::Engine { code: "GW_STOPPED", reason: CloseReason::ServerShutdown });
                }
            }
        }
        self.process_outputs(now);
        Ok(())
    }
}
