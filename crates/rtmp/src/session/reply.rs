//! The answers of a server as clients know them from Flash Media Server (RTMP 1.0 sections 7.2.1 and 7.2.2).

use crate::amf0::Value;
use crate::message::command::Command;

/// `_result`.
pub(super) fn result(transaction_id: f64, arguments: Vec<Value>) -> Command {
    Command::new("_result", transaction_id, Value::Null, arguments)
}

/// `_error` with an information object.
pub(super) fn error(transaction_id: f64, code: &str, description: &str) -> Command {
    Command::new("_error", transaction_id, Value::Null, vec![information("error", code, description)])
}

/// `onStatus`; `details` names the stream, as Flash does.
pub(super) fn status(level: &str, code: &str, description: &str, details: Option<&str>) -> Command {
    let mut information = information(level, code, description);
    if let (Value::Object(pairs), Some(details)) = (&mut information, details) {
        pairs.push(("details".to_owned(), Value::string(details)));
    }
    Command::new("onStatus", 0.0, Value::Null, vec![information])
}

/// `onFCPublish`, `onFCUnpublish`, `onFCSubscribe`: FMLE waits for the first before it publishes.
pub(super) fn on_fc(name: &str, code: &str, description: &str) -> Command {
    Command::new(name, 0.0, Value::Null, vec![information("status", code, description)])
}

/// The answer to connect. `enhanced` adds what enhanced RTMP v2 asks of servers: every FourCC can be forwarded.
pub(super) fn connected(transaction_id: f64, object_encoding: f64, enhanced: bool) -> Command {
    let properties = Value::object([
        // Flash-derived clients compare the version: 3,5 is what signs handshakes.
        ("fmsVer", Value::string("FMS/3,5,7,7009")),
        ("capabilities", Value::Number(31.0)),
        ("mode", Value::Number(1.0)),
    ]);
    let mut information = information("status", "NetConnection.Connect.Success", "Connection succeeded.");
    if let Value::Object(pairs) = &mut information {
        pairs.push(("objectEncoding".to_owned(), Value::Number(object_encoding)));
        if enhanced {
            const CAN_FORWARD: f64 = 4.0;
            let any = || Value::object([("*", Value::Number(CAN_FORWARD))]);
            pairs.push(("videoFourCcInfoMap".to_owned(), any()));
            pairs.push(("audioFourCcInfoMap".to_owned(), any()));
            pairs.push(("capsEx".to_owned(), Value::Number(0.0)));
        }
    }
    Command::new("_result", transaction_id, properties, vec![information])
}

fn information(level: &str, code: &str, description: &str) -> Value {
    Value::object([
        ("level", Value::string(level)),
        ("code", Value::string(code)),
        ("description", Value::string(description)),
    ])
}
