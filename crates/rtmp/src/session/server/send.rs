//! Messages out: control, commands, status, data (RTMP 1.0 sections 5.4 and 7), counted for the acknowledgements.

use super::ServerSession;
use crate::amf0::{Value, encode_all};
use crate::chunk::MediaKind;
use crate::message::command::Command;
use crate::message::control::{Control, UserControl};
use crate::message::kind;
use crate::session::reply;

/// Chunk stream of control messages, fixed by the specification.
const CONTROL_CHUNK_STREAM: u32 = 2;
/// Chunk stream of our commands.
const COMMAND_CHUNK_STREAM: u32 = 3;

impl ServerSession {
    fn send(&mut self, chunk_stream_id: u32, type_id: u8, message_stream_id: u32, body: &[u8]) {
        let before = self.answers.len();
        self.writer.write(chunk_stream_id, 0, type_id, message_stream_id, body, &mut self.answers);
        self.acknowledgement.sent(self.answers.len() - before);
    }

    pub(super) fn send_control(&mut self, control: Control) {
        let (type_id, body) = control.encode();
        self.send(CONTROL_CHUNK_STREAM, type_id, 0, &body);
    }

    pub(super) fn send_user_control(&mut self, event: UserControl) {
        self.send_control(Control::User(event));
    }

    pub(super) fn send_command(&mut self, message_stream_id: u32, command: Command) {
        self.send(COMMAND_CHUNK_STREAM, kind::COMMAND_AMF0, message_stream_id, &command.encode());
    }

    pub(super) fn send_data(&mut self, message_stream_id: u32, values: &[Value]) {
        let body = encode_all(values);
        self.send(MediaKind::Data.chunk_stream_id(), kind::DATA_AMF0, message_stream_id, &body);
    }

    pub(super) fn send_status(
        &mut self,
        stream: u32,
        level: &str,
        code: &str,
        description: &str,
        details: Option<&str>,
    ) {
        self.send_command(stream, reply::status(level, code, description, details));
    }

    pub(super) fn say_unpublished(&mut self, id: u32, name: &str) {
        let code = "NetStream.Play.UnpublishNotify";
        self.send_status(id, "status", code, "The stream is no longer published.", Some(name));
        self.send_user_control(UserControl::StreamEof(id));
    }
}
