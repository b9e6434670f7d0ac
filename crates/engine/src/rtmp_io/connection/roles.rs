//! Publishing and playing: asking for the decision, moving to the home shard, starting and ending.

use super::{Connection, End, Handoff, Pending, Role};
use crate::mailbox::{Ask, AskKind, Decision, LogLevel};
use crate::router::key::StreamKey;
use crate::router::player::{Framing, Player};
use crate::router::stream::Publisher;
use crate::rtmp_io::info::ConnectionInfo;
use crate::shard::Command;
use crate::snapshot::Protocol;
use rtmp_gateway_rtmp::RandomBytes;
use rtmp_gateway_rtmp::session::server::{CloseReason, ServerConfig, ServerSession, StreamRequest};
use std::io;
use std::os::fd::AsFd;
use std::time::Instant;
use tokio::net::TcpStream;

impl Connection {
    pub(super) fn ask(&mut self, now: Instant, kind: AskKind, request: Box<StreamRequest>) {
        self.generation += 1;
        let ask = Ask {
            connection_id: self.info.id,
            generation: self.generation,
            kind,
            protocol: Protocol::Rtmp,
            room: request.room.clone(),
            name: request.name.clone(),
            query: request.query.clone(),
            tc_url: request.tc_url.clone(),
            remote_address: self.info.remote,
        };
        self.info.set_name(&request.name);
        self.info.known_outside.set(true);
        match self.shard.shared.mailbox.ask(ask) {
            Some(receiver) => {
                let deadline = now + self.shard.shared.options.decision_timeout;
                self.pending = Some(Pending { kind, request, receiver, deadline });
            }
            None => {
                self.log(LogLevel::Warn, "GW_TOO_MANY_ASKS", "too many requests wait for a decision".into());
                self.reject(kind, request.message_stream_id, None, "the gateway is overloaded; try again");
            }
        }
    }

    pub(super) fn reject(&mut self, kind: AskKind, message_stream_id: u32, code: Option<&str>, description: &str) {
        let now = Instant::now();
        match kind {
            AskKind::Publish => {
                let code = code.unwrap_or("NetStream.Publish.Denied");
                self.session.reject_publish(now, message_stream_id, code, description);
            }
            AskKind::Play => {
                let code = code.unwrap_or("NetStream.Play.Failed");
                self.session.reject_play(now, message_stream_id, code, description);
            }
        }
    }

    /// Acts on a decision; `Some` when the connection moves to another shard.
    pub(super) fn decided(&mut self, decision: Decision) -> Option<End> {
        let Pending { kind, request, .. } = self.pending.take()?;
        if !decision.accept {
            let description = decision.description.unwrap_or_else(|| "refused".into());
            self.reject(kind, request.message_stream_id, decision.code.as_deref(), &description);
            return None;
        }
        let home = StreamKey::home_shard(&request.room, self.shard.handles.len());
        if home != self.shard.index && self.roles.is_empty() {
            return Some(self.move_to(home, kind, request, decision.take_over));
        }
        self.start(kind, &request, decision.take_over);
        None
    }

    /// Takes the connection apart and sends it to the home shard of its room.
    pub(super) fn move_to(&mut self, home: usize, kind: AskKind, request: Box<StreamRequest>, take_over: bool) -> End {
        let Some(handle) = self.shard.handles.get(home).cloned() else {
            return End::Engine { code: "GW_BUSY", reason: CloseReason::Internal };
        };
        let (Ok(socket), Some(admission)) = (duplicate(&self.socket), self.admission.take()) else {
            return End::Engine { code: "GW_BUSY", reason: CloseReason::Internal };
        };
        let placeholder = ServerSession::new(ServerConfig::default(), Instant::now(), RandomBytes::new([0; 32]));
        let handoff = Handoff {
            socket,
            session: std::mem::replace(&mut self.session, placeholder),
            queued: self.outbox.take(),
            bytes_out: self.outbox.bytes_out(),
            info: ConnectionInfo::clone(&self.info),
            admission,
            generation: self.generation,
            kind,
            request,
            take_over,
        };
        match handle.try_send(Command::Handoff(Box::new(handoff))) {
            Ok(()) => End::Moved,
            Err(_) => End::Engine { code: "GW_BUSY", reason: CloseReason::Internal },
        }
    }

    /// Starts an authorized publish or play on this shard.
    pub(super) fn start(&mut self, kind: AskKind, request: &StreamRequest, take_over: bool) {
        let now = Instant::now();
        let key = StreamKey::new(&request.room, &request.name);
        let message_stream_id = request.message_stream_id;
        let Some(stream) = self.shard.router.borrow_mut().get_or_create(&key) else {
            self.log(LogLevel::Warn, "GW_TOO_MANY_STREAMS", "this shard has too many streams".into());
            self.reject(kind, message_stream_id, None, "the gateway has too many streams; try again");
            return;
        };
        match kind {
            AskKind::Publish => {
                let publisher = Publisher {
                    protocol: Protocol::Rtmp,
                    connection_id: self.info.id,
                    remote: Some(self.info.remote),
                    session: None,
                };
                let replaced = if take_over { stream.borrow_mut().release_name(self.info.id) } else { None };
                let Some(epoch) = stream.borrow_mut().publish(now, publisher, &self.shard) else {
                    self.log(LogLevel::Warn, "GW_STREAM_TAKEN", format!("{}/{} is taken", key.room, key.name));
                    let description = format!("{}/{} is already being published", key.room, key.name);
                    self.reject(kind, message_stream_id, Some("NetStream.Publish.BadName"), &description);
                    return;
                };
                if let Some(replaced) = replaced {
                    let message = format!(
                        "{}/{}: connection {} takes over from {}",
                        key.room, key.name, self.info.id, replaced.connection_id
                    );
                    self.log(LogLevel::Info, "GW_PUBLISHER_REPLACED", message);
                    self.shard.end_publisher(&replaced);
                }
                self.session.accept_publish(now, message_stream_id);
                self.roles.push(Role::Publishing { message_stream_id, stream, epoch, units: Box::default() });
            }
            AskKind::Play => {
                self.session.accept_play(now, message_stream_id);
                // What the session says goes out before the first media.
                self.process_outputs(now);
                let player = Player::new(
                    self.info.id,
                    Framing::Rtmp { message_stream_id, chunk_size: self.session.out_chunk_size() },
                    self.outbox.clone(),
                    self.control.clone(),
                    self.shard.shared.options.player_grace,
                );
                stream.borrow_mut().add_player(now, player, &self.shard);
                self.roles.push(Role::Playing { message_stream_id, stream });
            }
        }
    }

    pub(super) fn end_roles(&mut self, now: Instant, which: impl Fn(&Role) -> bool) {
        let (ending, staying) = std::mem::take(&mut self.roles).into_iter().partition(|role| which(role));
        self.roles = staying;
        let ending: Vec<Role> = ending;
        for role in ending {
            match role {
                Role::Publishing { stream, epoch, .. } => stream.borrow_mut().unpublish(now, epoch, &self.shard),
                Role::Playing { stream, message_stream_id } => {
                    stream.borrow_mut().remove_player(self.info.id, message_stream_id);
                }
            }
        }
    }
}

/// The same socket for another thread's runtime; this thread's registration ends with its own handle.
fn duplicate(socket: &TcpStream) -> io::Result<std::net::TcpStream> {
    Ok(std::net::TcpStream::from(socket.as_fd().try_clone_to_owned()?))
}
