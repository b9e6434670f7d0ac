//! What a client hears: answers, status, control messages, media (RTMP 1.0 sections 7.1 and 7.2).

use bytes::Bytes;

use super::{ClientEvent, ClientSession, ClientState};
use crate::amf0::Value;
use crate::chunk::{MediaKind, RawMessage};
use crate::message::command::Command;
use crate::message::control::{Control, UserControl};
use crate::message::{aggregate, data, kind};
use crate::session::{Media, SessionError};

impl ClientSession {
    pub(super) fn handle_message(&mut self, message: RawMessage) -> Result<(), SessionError> {
        if let Some(control) = Control::parse(message.type_id, &message.body)? {
            return self.handle_control(control);
        }
        match message.type_id {
            kind::COMMAND_AMF0 | kind::COMMAND_AMF3 if !message.body.is_empty() => {
                let command = Command::parse(&message.body, message.type_id == kind::COMMAND_AMF3)?;
                self.handle_command(&command);
            }
            kind::AGGREGATE => {
                for part in aggregate::split(&message.body, message.timestamp)? {
                    self.handle_media(message.message_stream_id, part.type_id, part.timestamp, part.body);
                }
            }
            type_id => self.handle_media(message.message_stream_id, type_id, message.timestamp, message.body),
        }
        Ok(())
    }

    fn handle_control(&mut self, control: Control) -> Result<(), SessionError> {
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
            Control::User(UserControl::PingRequest(time)) => {
                self.send_control(Control::User(UserControl::PingResponse(time)));
            }
            Control::User(UserControl::StreamEof(_)) => self.events.push_back(ClientEvent::StreamEnded),
            Control::User(_) => {}
        }
        Ok(())
    }

    fn handle_media(&mut self, message_stream_id: u32, type_id: u8, timestamp: u32, body: Bytes) {
        let (kind, body) = match type_id {
            kind::AUDIO => (MediaKind::Audio, body),
            kind::VIDEO => (MediaKind::Video, body),
            kind::DATA_AMF0 | kind::DATA_AMF3 => match data::playable(&body, type_id == kind::DATA_AMF3) {
                Some(body) => (MediaKind::Data, body),
                None => return,
            },
            _ => return,
        };
        if !body.is_empty() {
            self.events.push_back(ClientEvent::Media(Media { message_stream_id, kind, timestamp, body }));
        }
    }

    fn handle_command(&mut self, command: &Command) {
        let text = |key| {
            let information = command.argument(0).and_then(|value| value.get(key));
            information.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        match command.name.as_str() {
            "_result" if self.state == ClientState::Connecting && command.transaction_id == 1.0 => {
                self.events.push_back(ClientEvent::Connected);
                self.create_stream();
            }
            "_result" if self.state == ClientState::CreatingStream && command.transaction_id == self.create_stream => {
                let id = command.argument(0).and_then(Value::as_number).unwrap_or(0.0);
                self.message_stream_id = id as u32;
                self.start();
            }
            "_error" if matches!(self.state, ClientState::Connecting | ClientState::CreatingStream) => {
                self.state = ClientState::Rejected;
                let (code, description) = (text("code"), text("description"));
                self.events.push_back(ClientEvent::Rejected { code, description });
            }
            "onStatus" => self.handle_status(text("level"), text("code"), text("description")),
            _ => {}
        }
    }

    fn handle_status(&mut self, level: String, code: String, description: String) {
        let message_stream_id = self.message_stream_id;
        let starting = self.state == ClientState::Starting;
        let event = match code.as_str() {
            "NetStream.Publish.Start" if starting => {
                self.state = ClientState::Running;
                ClientEvent::PublishStarted { message_stream_id }
            }
            "NetStream.Play.Start" if starting => {
                self.state = ClientState::Running;
                ClientEvent::PlayStarted { message_stream_id }
            }
            _ if starting && level == "error" => {
                self.state = ClientState::Rejected;
                ClientEvent::Rejected { code, description }
            }
            _ => ClientEvent::Status { level, code, description },
        };
        self.events.push_back(event);
    }
}
