//! Protocol control and user control messages (RTMP 1.0 sections 5.4 and 7.1.7).

use super::{MessageError, kind};

/// A control message; they travel on chunk stream 2 and message stream 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// The sender's chunks have this size from now on (raw 32 bits; the chunk reader judges them).
    SetChunkSize(u32),
    /// Forget the unfinished message of this chunk stream.
    Abort(u32),
    /// Bytes received so far, modulo 2^32.
    Acknowledgement(u32),
    /// Acknowledge after this many bytes.
    WindowAckSize(u32),
    /// Send no more than this many bytes unacknowledged.
    SetPeerBandwidth {
        /// Window size in bytes.
        size: u32,
        /// 0 hard, 1 soft, 2 dynamic.
        limit_type: u8,
    },
    /// User control.
    User(UserControl),
}

/// A user control event (section 7.1.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserControl {
    /// The message stream is usable.
    StreamBegin(u32),
    /// Playback on the message stream is over.
    StreamEof(u32),
    /// No more data for the moment.
    StreamDry(u32),
    /// The player buffers this long.
    SetBufferLength {
        /// The message stream.
        message_stream_id: u32,
        /// Milliseconds.
        milliseconds: u32,
    },
    /// The stream is recorded.
    StreamIsRecorded(u32),
    /// Answer with the same timestamp.
    PingRequest(u32),
    /// The answer.
    PingResponse(u32),
    /// An event that the specification does not name (Flash has several); carries its number.
    Unknown(u16),
}

impl Control {
    /// Parses a message of types 1 to 6; `None` for another type.
    ///
    /// # Errors
    /// [`MessageError::ShortControl`] when fields are missing. Bytes behind the fields are ignored.
    pub fn parse(type_id: u8, body: &[u8]) -> Result<Option<Self>, MessageError> {
        let short = MessageError::ShortControl { type_id, length: body.len() };
        let number = |at: usize| -> Result<u32, MessageError> {
            let bytes = body.get(at..).and_then(|rest| rest.first_chunk()).ok_or(short)?;
            Ok(u32::from_be_bytes(*bytes))
        };
        Ok(Some(match type_id {
            kind::SET_CHUNK_SIZE => Self::SetChunkSize(number(0)?),
            kind::ABORT => Self::Abort(number(0)?),
            kind::ACKNOWLEDGEMENT => Self::Acknowledgement(number(0)?),
            kind::WINDOW_ACK_SIZE => Self::WindowAckSize(number(0)?),
            // Some clients leave the limit type out.
            kind::SET_PEER_BANDWIDTH => {
                Self::SetPeerBandwidth { size: number(0)?, limit_type: body.get(4).copied().unwrap_or(2) }
            }
            kind::USER_CONTROL => {
                let event = u16::from_be_bytes(*body.first_chunk().ok_or(short)?);
                Self::User(match event {
                    0 => UserControl::StreamBegin(number(2)?),
                    1 => UserControl::StreamEof(number(2)?),
                    2 => UserControl::StreamDry(number(2)?),
                    3 => UserControl::SetBufferLength { message_stream_id: number(2)?, milliseconds: number(6)? },
                    4 => UserControl::StreamIsRecorded(number(2)?),
                    6 => UserControl::PingRequest(number(2)?),
                    7 => UserControl::PingResponse(number(2)?),
                    _ => UserControl::Unknown(event),
                })
            }
            _ => return Ok(None),
        }))
    }

    /// The message type id and body.
    pub fn encode(self) -> (u8, Vec<u8>) {
        match self {
            Self::SetChunkSize(size) => (kind::SET_CHUNK_SIZE, size.to_be_bytes().to_vec()),
            Self::Abort(id) => (kind::ABORT, id.to_be_bytes().to_vec()),
            Self::Acknowledgement(count) => (kind::ACKNOWLEDGEMENT, count.to_be_bytes().to_vec()),
            Self::WindowAckSize(size) => (kind::WINDOW_ACK_SIZE, size.to_be_bytes().to_vec()),
            Self::SetPeerBandwidth { size, limit_type } => {
                let mut body = size.to_be_bytes().to_vec();
                body.push(limit_type);
                (kind::SET_PEER_BANDWIDTH, body)
            }
            Self::User(event) => (kind::USER_CONTROL, event.encode()),
        }
    }
}

impl UserControl {
    fn encode(self) -> Vec<u8> {
        let (event, first, second) = match self {
            Self::StreamBegin(id) => (0, id, None),
            Self::StreamEof(id) => (1, id, None),
            Self::StreamDry(id) => (2, id, None),
            Self::SetBufferLength { message_stream_id, milliseconds } => (3, message_stream_id, Some(milliseconds)),
            Self::StreamIsRecorded(id) => (4, id, None),
            Self::PingRequest(time) => (6, time, None),
            Self::PingResponse(time) => (7, time, None),
            Self::Unknown(event) => (event, 0, None),
        };
        let mut body = event.to_be_bytes().to_vec();
        body.extend_from_slice(&first.to_be_bytes());
        if let Some(second) = second {
            body.extend_from_slice(&second.to_be_bytes());
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_messages_survive_the_round_trip() {
        for control in [
            Control::SetChunkSize(4096),
            Control::Abort(7),
            Control::Acknowledgement(u32::MAX),
            Control::WindowAckSize(1),
            Control::SetPeerBandwidth { size: 9, limit_type: 1 },
            Control::User(UserControl::StreamBegin(1)),
            Control::User(UserControl::StreamEof(1)),
            Control::User(UserControl::StreamDry(1)),
            Control::User(UserControl::SetBufferLength { message_stream_id: 1, milliseconds: 3000 }),
            Control::User(UserControl::StreamIsRecorded(1)),
            Control::User(UserControl::PingRequest(5)),
            Control::User(UserControl::PingResponse(5)),
            Control::User(UserControl::Unknown(31)),
        ] {
            let (type_id, body) = control.encode();
            assert_eq!(Control::parse(type_id, &body), Ok(Some(control)));
        }
        assert_eq!(Control::parse(8, &[]), Ok(None));
    }
}
