//! Input: handshake bytes, then chunks, then messages by type (RTMP 1.0 sections 5 to 7).

use std::time::Instant;

use bytes::Bytes;

use super::held::Held;
use super::{Event, Media, ServerSession, StateName, StreamStateName};
use crate::chunk::{MediaKind, RawMessage};
use crate::limits::{MAX_HELD_INPUT, MAX_QUEUED_ANSWERS, MAX_QUEUED_EVENTS};
use crate::message::command::Command;
use crate::message::control::{Control, UserControl};
use crate::message::{aggregate, data, kind};
use crate::session::SessionError;

impl ServerSession {
    /// Takes bytes from the socket, all of them. Poll the output afterwards, also after an error.
    ///
    /// # Errors
    /// [`SessionError`]: the session is over.
    pub fn handle_input(&mut self, now: Instant, input: &[u8]) -> Result<(), SessionError> {
        self.now = now;
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if self.state.name == StateName::Closed || input.is_empty() {
            return Ok(());
        }
        self.liveness.heard(now);
        if self.held.is_empty() {
            let taken = self.consume(input).map_err(|error| self.fail(error))?;
            self.held.push(input.get(taken..).unwrap_or_default());
            return Ok(());
        }
        if self.held.len() + input.len() > MAX_HELD_INPUT {
            return Err(self.fail(SessionError::TooMuchHeld));
        }
        self.held.push(input);
        if self.events.is_empty() && self.answers.is_empty() {
            self.work_off_held();
        }
        self.failure.map_or(Ok(()), Err)
    }

    /// Goes on with held input as far as possible. An error is kept for the next call.
    pub(super) fn work_off_held(&mut self) {
        if self.held.is_empty() || !self.wants_input() {
            return;
        }
        let mut held = std::mem::take(&mut self.held);
        match self.consume(held.as_slice()) {
            Ok(taken) => {
                held.advance(taken);
                self.held = held;
            }
            Err(error) => {
                self.fail(error);
            }
        }
    }

    /// Ends the session: every later call reports `error`.
    pub(super) fn fail(&mut self, error: SessionError) -> SessionError {
        self.failure = Some(error);
        self.held = Held::default();
        error
    }

    /// Works on input until it ends or must wait; returns how much was taken.
    fn consume(&mut self, input: &[u8]) -> Result<usize, SessionError> {
        let mut at = 0;
        if let Some(handshake) = &mut self.handshake {
            at = handshake.input(input, &mut self.answers)?;
            if !handshake.is_done() {
                return Ok(at);
            }
            self.handshake = None;
            self.useless_since = Some(self.now);
            self.enter(StateName::Connecting);
        }
        while self.wants_input() && self.events.len() < MAX_QUEUED_EVENTS && self.answers.len() < MAX_QUEUED_ANSWERS {
            let (taken, message) = self.reader.read(input.get(at..).unwrap_or_default())?;
            at += taken;
            if let Some(sequence) = self.acknowledgement.received(taken) {
                self.send_control(Control::Acknowledgement(sequence));
            }
            let Some(message) = message else { break };
            self.handle_message(message)?;
        }
        Ok(at)
    }

    fn handle_message(&mut self, message: RawMessage) -> Result<(), SessionError> {
        if let Some(control) = Control::parse(message.type_id, &message.body)? {
            return self.handle_control(control);
        }
        if message.body.is_empty() {
            self.counters.ignored += 1;
            return Ok(());
        }
        match message.type_id {
            kind::COMMAND_AMF0 | kind::COMMAND_AMF3 => {
                let command = Command::parse(&message.body, message.type_id == kind::COMMAND_AMF3)?;
                self.counters.messages += 1;
                self.handle_command(message.message_stream_id, &command)
            }
            kind::AGGREGATE if self.publishes(message.message_stream_id) => {
                for part in aggregate::split(&message.body, message.timestamp)? {
                    self.handle_media(message.message_stream_id, part.type_id, part.timestamp, part.body);
                }
                Ok(())
            }
            type_id => {
                self.handle_media(message.message_stream_id, type_id, message.timestamp, message.body);
                Ok(())
            }
        }
    }

    fn handle_control(&mut self, control: Control) -> Result<(), SessionError> {
        self.counters.messages += 1;
        match control {
            Control::SetChunkSize(size) => self.reader.set_chunk_size(size)?,
            Control::Abort(chunk_stream_id) => self.reader.abort(chunk_stream_id),
            Control::Acknowledgement(sequence) => self.acknowledgement.acknowledged(sequence),
            Control::WindowAckSize(size) => self.acknowledgement.set_window(size),
            Control::SetPeerBandwidth { size, .. } => {
                if let Some(size) = self.acknowledgement.set_bandwidth(size) {
                    self.send_control(Control::WindowAckSize(size));
                }
            }
            Control::User(UserControl::PingRequest(time)) => self.send_user_control(UserControl::PingResponse(time)),
            Control::User(UserControl::PingResponse(_)) => self.liveness.answered(),
            Control::User(UserControl::SetBufferLength { message_stream_id, milliseconds }) => {
                if self.stream(message_stream_id).is_some_and(|stream| stream.state.plays()) {
                    self.events.push_back(Event::BufferLength { message_stream_id, milliseconds });
                }
            }
            Control::User(_) => self.counters.ignored += 1,
        }
        Ok(())
    }

    fn handle_media(&mut self, message_stream_id: u32, type_id: u8, timestamp: u32, body: Bytes) {
        let media = match type_id {
            kind::AUDIO => Some((MediaKind::Audio, body)),
            kind::VIDEO => Some((MediaKind::Video, body)),
            kind::DATA_AMF0 => data::playable(&body, false).map(|body| (MediaKind::Data, body)),
            kind::DATA_AMF3 => data::playable(&body, true).map(|body| (MediaKind::Data, body)),
            _ => None,
        };
        match media {
            Some((kind, body)) if !body.is_empty() && self.publishes(message_stream_id) => {
                self.counters.messages += 1;
                self.events.push_back(Event::Media(Media { message_stream_id, kind, timestamp, body }));
            }
            _ => self.counters.ignored += 1,
        }
    }

    fn publishes(&self, message_stream_id: u32) -> bool {
        self.streams.iter().any(|s| s.id == message_stream_id && s.state == StreamStateName::Publishing)
    }
}
