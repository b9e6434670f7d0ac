//! What a client says: commands, control messages, media (RTMP 1.0 sections 7.1 and 7.2).

use super::{ClientSession, ClientState, Intent};
use crate::amf0::Value;
use crate::chunk::MediaKind;
use crate::limits::DEFAULT_CHUNK_SIZE;
use crate::message::command::Command;
use crate::message::control::{Control, UserControl};
use crate::message::kind;

const CONTROL_CHUNK_STREAM: u32 = 2;
const COMMAND_CHUNK_STREAM: u32 = 3;
/// librtmp and FFmpeg send publish and play on a chunk stream of its own.
const STREAM_CHUNK_STREAM: u32 = 8;
/// Asked of the server by SetBufferLength.
const BUFFER_MILLISECONDS: u32 = 3000;

impl ClientSession {
    /// Sends a media message through [`Self::poll_output`], copying its body.
    pub fn send_media(&mut self, kind: MediaKind, timestamp: u32, body: &[u8]) {
        let (chunk_stream, type_id) = (kind.chunk_stream_id(), kind.type_id());
        self.writer.write(chunk_stream, timestamp, type_id, self.message_stream_id, body, &mut self.questions);
    }

    /// Sends a command of the given message stream (0: the connection); returns its transaction id. `object` is null.
    pub fn send_command(&mut self, message_stream_id: u32, name: &str, arguments: Vec<Value>) -> f64 {
        self.send_command_with(message_stream_id, name, Value::Null, arguments)
    }

    /// Sends a control message.
    pub fn send_control(&mut self, control: Control) {
        let (type_id, body) = control.encode();
        self.writer.write(CONTROL_CHUNK_STREAM, 0, type_id, 0, &body, &mut self.questions);
    }

    /// Stops publishing or playing, as OBS and FFmpeg do: FCUnpublish (publishers) and deleteStream.
    pub fn stop(&mut self) {
        if self.config.intent == Intent::Publish {
            let name = Value::string(self.config.stream_name.as_str());
            self.send_command(0, "FCUnpublish", vec![name]);
        }
        let id = Value::Number(f64::from(self.message_stream_id));
        self.send_command(0, "deleteStream", vec![id]);
    }
    fn send_command_with(&mut self, stream: u32, name: &str, object: Value, arguments: Vec<Value>) -> f64 {
        self.transaction += 1.0;
        let mut body = Command::new(name, self.transaction, object, arguments).encode();
        let mut type_id = kind::COMMAND_AMF0;
        if self.config.amf3 {
            body.insert(0, 0);
            type_id = kind::COMMAND_AMF3;
        }
        let chunk_stream = if stream == 0 { COMMAND_CHUNK_STREAM } else { STREAM_CHUNK_STREAM };
        self.writer.write(chunk_stream, 0, type_id, stream, &body, &mut self.questions);
        self.transaction
    }

    pub(super) fn connect(&mut self) {
        self.state = ClientState::Connecting;
        let size = self.config.out_chunk_size;
        if size != DEFAULT_CHUNK_SIZE {
            self.send_control(Control::SetChunkSize(size));
            self.writer.set_chunk_size(size);
        }
        let object = Value::object([
            ("app", Value::string(self.config.app.as_str())),
            ("type", Value::string("nonprivate")),
            ("flashVer", Value::string(self.config.flash_ver.as_str())),
            ("tcUrl", Value::string(self.config.tc_url.as_str())),
            ("objectEncoding", Value::Number(if self.config.amf3 { 3.0 } else { 0.0 })),
        ]);
        self.send_command_with(0, "connect", object, vec![]);
    }

    pub(super) fn create_stream(&mut self) {
        self.state = ClientState::CreatingStream;
        if self.config.intent == Intent::Publish {
            for name in ["releaseStream", "FCPublish"] {
                let stream = Value::string(self.config.stream_name.as_str());
                self.send_command(0, name, vec![stream]);
            }
        }
        self.create_stream = self.send_command(0, "createStream", vec![]);
    }

    pub(super) fn start(&mut self) {
        self.state = ClientState::Starting;
        let (id, name) = (self.message_stream_id, Value::string(self.config.stream_name.as_str()));
        match self.config.intent {
            Intent::Publish => {
                self.send_command(id, "publish", vec![name, Value::string("live")]);
            }
            Intent::Play => {
                self.send_command(id, "play", vec![name, Value::Number(-2000.0)]);
                let milliseconds = BUFFER_MILLISECONDS;
                self.send_control(Control::User(UserControl::SetBufferLength { message_stream_id: id, milliseconds }));
            }
        }
    }
}
