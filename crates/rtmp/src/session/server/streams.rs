//! Message streams and their commands: create, publish, play, pause, stop (RTMP 1.0 section 7.2.2).

use super::{Event, ServerSession, Stream, StreamRequest, StreamStateName};
use crate::amf0::Value;
use crate::chunk::MediaKind;
use crate::limits::{MAX_MESSAGE_STREAMS, MAX_REQUESTS};
use crate::message::command::Command;
use crate::message::control::UserControl;
use crate::name::{StreamPath, merge_queries};
use crate::session::SessionError;

/// What a stream is asked to become.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Publish,
    Play,
}

impl ServerSession {
    pub(super) fn create_stream(&mut self, command: &Command) -> Result<(), SessionError> {
        if self.streams.len() >= MAX_MESSAGE_STREAMS {
            return self.refuse_call(command, "RTMP_TOO_MANY_STREAMS", "There are too many message streams.");
        }
        // The smallest free id: clients that pipeline count on 1 for the first stream.
        let mut id = 1;
        while self.streams.iter().any(|stream| stream.id == id) {
            id += 1;
        }
        self.streams.push(Stream { id, state: StreamStateName::Idle, since: self.now, name: String::new() });
        self.answer(command, vec![Value::Number(f64::from(id))])
    }

    pub(super) fn request(&mut self, wish: Wish, id: u32, command: &Command) -> Result<(), SessionError> {
        let (bad_state, bad_name) = match wish {
            Wish::Publish => ("NetStream.Publish.Denied", "NetStream.Publish.BadName"),
            Wish::Play => ("NetStream.Play.Failed", "NetStream.Play.StreamNotFound"),
        };
        let Some(state) = self.stream(id).map(|stream| stream.state) else {
            return self.refuse_status(id, command, "RTMP_NO_STREAM", bad_state, "createStream must come first.");
        };
        // Old Flash stops a stream by publish(false) and play(false).
        if command.argument(0) == Some(&Value::Boolean(false)) {
            return self.close_stream(id, command);
        }
        if state.plays() && wish == Wish::Play {
            // Flash switches streams by playing again.
            self.stop(id);
        } else if state != StreamStateName::Idle {
            return self.refuse_status(id, command, "RTMP_STREAM_BUSY", bad_state, "This message stream is in use.");
        }
        let raw = command.argument(0).and_then(Value::as_str).unwrap_or_default();
        let path = match StreamPath::parse(raw) {
            Ok(path) => path,
            Err(error) => {
                let description = format!("The stream name is not allowed: {error}.");
                self.send_status(id, "error", bad_name, &description, None);
                return self.note_refused("RTMP_BAD_STREAM_NAME", raw, &description);
            }
        };
        self.counters.requests += 1;
        if self.counters.requests > MAX_REQUESTS {
            return Err(SessionError::TooManyRequests);
        }
        let Some(connected) = &self.connected else { return Ok(()) };
        let request = Box::new(StreamRequest {
            message_stream_id: id,
            app: connected.app.clone(),
            room: connected.room.clone(),
            query: merge_queries(&path.query, &connected.query, ""),
            name: path.name.clone(),
            tc_url: connected.tc_url.clone(),
        });
        if let Some(stream) = self.stream(id) {
            stream.name = path.name;
        }
        let (state, event) = match wish {
            Wish::Publish => (StreamStateName::AwaitingPublish, Event::PublishRequested(request)),
            Wish::Play => (StreamStateName::AwaitingPlay, Event::PlayRequested(request)),
        };
        self.set_stream(id, state);
        self.events.push_back(event);
        Ok(())
    }

    pub(super) fn pause(&mut self, id: u32, command: &Command) -> Result<(), SessionError> {
        if !self.stream(id).is_some_and(|stream| stream.state.plays()) {
            let description = "Nothing is played on this message stream.";
            return self.refuse_status(id, command, "RTMP_NOT_PLAYING", "NetStream.Pause.Failed", description);
        }
        let paused = command.argument(0).and_then(Value::as_bool).unwrap_or(true);
        if paused {
            self.set_stream(id, StreamStateName::Paused);
            self.send_status(id, "status", "NetStream.Pause.Notify", "Paused.", None);
            self.send_user_control(UserControl::StreamEof(id));
        } else {
            self.set_stream(id, StreamStateName::Playing);
            self.send_user_control(UserControl::StreamBegin(id));
            self.send_status(id, "status", "NetStream.Unpause.Notify", "Unpaused.", None);
        }
        self.events.push_back(Event::Paused { message_stream_id: id, paused });
        Ok(())
    }

    /// Players offer a seek bar whatever the stream: that is worth an answer, but neither a log line nor an end.
    pub(super) fn seek(&mut self, id: u32) -> Result<(), SessionError> {
        self.counters.ignored += 1;
        let description = "A live stream cannot be sought in; it plays on.";
        self.send_status(id, "error", "NetStream.Seek.Failed", description, None);
        Ok(())
    }

    pub(super) fn receive(&mut self, id: u32, kind: MediaKind, command: &Command) -> Result<(), SessionError> {
        let enabled = command.argument(0).and_then(Value::as_bool).unwrap_or(true);
        if self.stream(id).is_some_and(|stream| stream.state.plays()) {
            self.events.push_back(Event::ReceiveChanged { message_stream_id: id, kind, enabled });
        } else {
            // Flash sends it before play as well, where it changes nothing yet.
            self.counters.ignored += 1;
        }
        Ok(())
    }

    /// Takes a stream back to idle and tells the owner if it was in use.
    fn stop(&mut self, id: u32) {
        let Some(stream) = self.stream(id) else { return };
        let (state, name) = (stream.state, std::mem::take(&mut stream.name));
        self.set_stream(id, StreamStateName::Idle);
        if state == StreamStateName::Publishing {
            let code = "NetStream.Unpublish.Success";
            self.send_status(id, "status", code, "Publishing stopped.", Some(&name));
            self.events.push_back(Event::Unpublished { message_stream_id: id });
        } else if state.plays() {
            self.events.push_back(Event::Stopped { message_stream_id: id });
        }
    }

    pub(super) fn close_stream(&mut self, id: u32, command: &Command) -> Result<(), SessionError> {
        if self.stream(id).is_none() {
            return self.refuse_call(command, "RTMP_NO_STREAM", "There is no such message stream.");
        }
        self.stop(id);
        Ok(())
    }

    pub(super) fn delete_stream(&mut self, command: &Command) -> Result<(), SessionError> {
        let id = command.argument(0).and_then(Value::as_number).unwrap_or(0.0);
        // Saturates, and maps NaN to 0, which is no stream.
        let id = id as u32;
        if self.stream(id).is_none() {
            return self.refuse_call(command, "RTMP_NO_STREAM", "There is no such message stream.");
        }
        self.stop(id);
        self.streams.retain(|stream| stream.id != id);
        self.update_state();
        Ok(())
    }

    /// FCUnpublish names the stream, with or without its query.
    pub(super) fn stop_publishing(&mut self, command: &Command) -> Result<(), SessionError> {
        let raw = command.argument(0).and_then(Value::as_str).unwrap_or_default();
        let name = StreamPath::parse(raw).map(|path| path.name).unwrap_or_default();
        let publishing = |s: &&Stream| s.state == StreamStateName::Publishing && s.name == name;
        let id = self.streams.iter().find(publishing).map(|stream| stream.id);
        self.announce(command, "onFCUnpublish", "NetStream.Unpublish.Success")?;
        if let Some(id) = id {
            self.stop(id);
        }
        Ok(())
    }
}
