//! Commands by name (RTMP 1.0 section 7.2), with the unspecified ones that real clients send.

use super::ServerSession;
use super::streams::Wish;
use crate::amf0::Value;
use crate::chunk::MediaKind;
use crate::message::command::Command;
use crate::session::{SessionError, reply};

impl ServerSession {
    pub(super) fn handle_command(&mut self, message_stream_id: u32, command: &Command) -> Result<(), SessionError> {
        let id = message_stream_id;
        if command.name == "connect" {
            return self.connect(command);
        }
        if self.connected.is_none() {
            return self.refuse_call(command, "RTMP_NOT_CONNECTED", "connect must come first.");
        }
        match command.name.as_str() {
            "createStream" => self.create_stream(command),
            "publish" => self.request(Wish::Publish, id, command),
            "play" => self.request(Wish::Play, id, command),
            "pause" | "pauseRaw" => self.pause(id, command),
            "seek" => self.seek(id),
            "closeStream" => self.close_stream(id, command),
            "deleteStream" => self.delete_stream(command),
            "receiveAudio" => self.receive(id, MediaKind::Audio, command),
            "receiveVideo" => self.receive(id, MediaKind::Video, command),
            // Sent by librtmp, OBS, FMLE and FFmpeg before publish; nothing is reserved, so nothing is released.
            "releaseStream" => self.answer(command, vec![Value::Undefined]),
            "FCPublish" => self.announce(command, "onFCPublish", "NetStream.Publish.Start"),
            "FCSubscribe" => self.announce(command, "onFCSubscribe", "NetStream.Play.Start"),
            "FCUnpublish" => self.stop_publishing(command),
            // A live stream has no length.
            "getStreamLength" => self.answer(command, vec![Value::Number(0.0)]),
            "_checkbw" | "checkBandwidth" => self.answer(command, vec![Value::Undefined]),
            // Answers to nothing, and notices: nothing to say.
            "_result" | "_error" | "onStatus" | "FCUnsubscribe" => {
                self.counters.ignored += 1;
                Ok(())
            }
            _ if command.transaction_id == 0.0 => {
                self.counters.ignored += 1;
                Ok(())
            }
            _ => self.refuse_call(command, "RTMP_UNKNOWN_COMMAND", "There is no such command."),
        }
    }

    /// Refuses a command of the connection with `_error`.
    pub(super) fn refuse_call(
        &mut self,
        command: &Command,
        code: &'static str,
        description: &str,
    ) -> Result<(), SessionError> {
        self.send_command(0, reply::error(command.transaction_id, "NetConnection.Call.Failed", description));
        self.note_refused(code, &command.name, description)
    }

    /// Refuses a command of a message stream with `onStatus` of level error.
    pub(super) fn refuse_status(
        &mut self,
        message_stream_id: u32,
        command: &Command,
        code: &'static str,
        status: &str,
        description: &str,
    ) -> Result<(), SessionError> {
        self.send_status(message_stream_id, "error", status, description, None);
        self.note_refused(code, &command.name, description)
    }

    pub(super) fn answer(&mut self, command: &Command, arguments: Vec<Value>) -> Result<(), SessionError> {
        if command.transaction_id != 0.0 {
            self.send_command(0, reply::result(command.transaction_id, arguments));
        }
        Ok(())
    }

    pub(super) fn announce(&mut self, command: &Command, notice: &str, status: &str) -> Result<(), SessionError> {
        self.answer(command, vec![Value::Undefined])?;
        let name = command.argument(0).and_then(Value::as_str).unwrap_or_default();
        let name = name.split('?').next().unwrap_or_default();
        self.send_command(0, reply::on_fc(notice, status, name));
        Ok(())
    }
}
