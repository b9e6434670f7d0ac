//! connect (RTMP 1.0 section 7.2.1.1) and what answers it.

use super::{Connected, Event, ServerSession, StateName};
use crate::amf0::Value;
use crate::limits::{MAX_CLIENT_NAME_LENGTH, MAX_URL_LENGTH};
use crate::message::command::Command;
use crate::message::control::Control;
use crate::name::{AppPath, cut, merge_queries, query_of};
use crate::session::{SessionError, reply};

/// FourCCs kept of an enhanced client's list.
const MAX_FOUR_CCS: usize = 32;

impl ServerSession {
    pub(super) fn connect(&mut self, command: &Command) -> Result<(), SessionError> {
        if self.connected.is_some() {
            return self.refuse_call(command, "RTMP_ALREADY_CONNECTED", "This connection is already connected.");
        }
        let text = |key| command.object.get(key).and_then(Value::as_str).unwrap_or_default();
        let tc_url = cut(text("tcUrl"), MAX_URL_LENGTH);
        // A client that sends no application still names it in the URL.
        let app = Some(text("app")).filter(|app| !app.is_empty()).unwrap_or(path_of(tc_url));
        let path = match AppPath::parse(app) {
            Ok(path) => path,
            Err(error) => {
                let description = format!("The application name is not allowed: {error}.");
                let code = "NetConnection.Connect.InvalidApp";
                self.send_command(0, reply::error(command.transaction_id, code, &description));
                return self.note_refused("RTMP_BAD_APP", app, &description);
            }
        };
        let number = |key| command.object.get(key).and_then(Value::as_number);
        let object_encoding = if number("objectEncoding") == Some(3.0) { 3 } else { 0 };
        let four_cc_list = match command.object.get("fourCcList") {
            Some(Value::StrictArray(items)) => {
                let names = items.iter().filter_map(Value::as_str).take(MAX_FOUR_CCS);
                names.map(|name| cut(name, MAX_CLIENT_NAME_LENGTH).to_owned()).collect()
            }
            _ => Vec::new(),
        };
        let enhanced = !four_cc_list.is_empty()
            || ["capsEx", "videoFourCcInfoMap", "audioFourCcInfoMap"].iter().any(|k| command.object.get(k).is_some());
        let query = merge_queries("", &path.query, query_of(tc_url));
        let connected = Connected {
            app: app.to_owned(),
            room: path.room,
            instance: path.instance,
            query,
            tc_url: tc_url.to_owned(),
            flash_ver: cut(text("flashVer"), MAX_CLIENT_NAME_LENGTH).to_owned(),
            object_encoding,
            four_cc_list,
        };
        self.answer_connect(command.transaction_id, object_encoding, enhanced);
        self.connected = Some(Box::new(connected.clone()));
        self.enter(StateName::Connected);
        self.events.push_back(Event::Connected(Box::new(connected)));
        Ok(())
    }

    fn answer_connect(&mut self, transaction_id: f64, object_encoding: u8, enhanced: bool) {
        let window = self.config.window_ack_size;
        self.send_control(Control::WindowAckSize(window));
        self.send_control(Control::SetPeerBandwidth { size: window, limit_type: 2 });
        self.send_control(Control::SetChunkSize(self.config.out_chunk_size));
        self.writer.set_chunk_size(self.config.out_chunk_size);
        self.send_command(0, reply::connected(transaction_id, f64::from(object_encoding), enhanced));
    }
}

/// The path of `rtmp://host[:port]/path`, without its first slash.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split_once('/').map_or("", |(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[test]
    fn the_path_of_a_url() {
        assert_eq!(path_of("rtmp://h:1935/room?k=1"), "room?k=1");
        assert_eq!(path_of("rtmp://h"), "");
        assert_eq!(path_of("h/room"), "room");
    }
}
