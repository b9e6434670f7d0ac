//! Command messages (RTMP 1.0 section 7.2): name, transaction id, command object, arguments.

use super::MessageError;
use crate::amf0::{Value, decode_all, encode_all};
use crate::limits::MAX_COMMAND_LENGTH;

/// A command or an answer to one.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// `connect`, `_result`, `onStatus` ...
    pub name: String,
    /// Ties an answer to its question; 0 wants no answer.
    pub transaction_id: f64,
    /// The command object; null for most commands.
    pub object: Value,
    /// What follows it.
    pub arguments: Vec<Value>,
}

impl Command {
    /// A command.
    pub fn new(name: &str, transaction_id: f64, object: Value, arguments: Vec<Value>) -> Self {
        Self { name: name.to_owned(), transaction_id, object, arguments }
    }

    /// Parses the body of a message of type 20, or of type 17 when `amf3_message`.
    ///
    /// A type 17 message starts with a 0 byte and goes on as AMF0 (its values may switch to AMF3); some clients leave
    /// that byte out. A missing command object counts as null.
    ///
    /// # Errors
    /// When the body is too long, is no AMF, or lacks name or transaction id.
    pub fn parse(body: &[u8], amf3_message: bool) -> Result<Self, MessageError> {
        if body.len() > MAX_COMMAND_LENGTH {
            return Err(MessageError::LongCommand { length: body.len() });
        }
        let mut values = decode_all(envelope(body, amf3_message))?.into_iter();
        let Some(Value::String(name)) = values.next() else { return Err(MessageError::BadCommand) };
        let Some(Value::Number(transaction_id)) = values.next() else { return Err(MessageError::BadCommand) };
        let object = values.next().unwrap_or(Value::Null);
        Ok(Self { name, transaction_id, object, arguments: values.collect() })
    }

    /// The body of a type 20 message.
    pub fn encode(self) -> Vec<u8> {
        let mut values = vec![Value::String(self.name), Value::Number(self.transaction_id), self.object];
        values.extend(self.arguments);
        encode_all(&values)
    }

    /// The argument at `index`.
    pub fn argument(&self, index: usize) -> Option<&Value> {
        self.arguments.get(index)
    }
}

/// The AMF0 bytes of a message of an AMF3 type.
pub(super) fn envelope(body: &[u8], amf3_message: bool) -> &[u8] {
    match body.split_first() {
        Some((0, rest)) if amf3_message => rest,
        _ => body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_survive_the_round_trip() {
        let command = Command::new("play", 4.0, Value::Null, vec![Value::string("x"), Value::Number(-2000.0)]);
        assert_eq!(Command::parse(&command.clone().encode(), false), Ok(command));
    }

    #[test]
    fn an_amf3_message_has_an_amf0_envelope() {
        let command = Command::new("createStream", 2.0, Value::Null, vec![]);
        let body = [&[0][..], &command.clone().encode()].concat();
        assert_eq!(Command::parse(&body, true), Ok(command.clone()));
        assert_eq!(Command::parse(&command.clone().encode(), true), Ok(command));
    }

    #[test]
    fn optional_fields_may_be_missing_but_not_the_name() {
        let body = encode_all(&[Value::string("createStream"), Value::Number(2.0)]);
        assert_eq!(Command::parse(&body, false).unwrap().object, Value::Null);
        assert_eq!(Command::parse(&encode_all(&[Value::Number(2.0)]), false), Err(MessageError::BadCommand));
        assert_eq!(Command::parse(&encode_all(&[Value::string("x")]), false), Err(MessageError::BadCommand));
    }
}
