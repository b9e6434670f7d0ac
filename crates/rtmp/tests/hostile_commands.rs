//! HOSTILE rows 34 and 35: commands out of order and names against the grammar.

mod common;

use common::{Raw, connect_object};
use rtmp_gateway_rtmp::amf0::Value;
use rtmp_gateway_rtmp::message::kind;
use rtmp_gateway_rtmp::session::SessionError;
use rtmp_gateway_rtmp::session::server::{Event, StateName, StreamStateName};

fn names(name: &str) -> Vec<Value> {
    vec![Value::string(name), Value::string("live")]
}

fn refused(raw: &mut Raw) -> Vec<&'static str> {
    let code = |e| if let Event::Refused(r) = e { Some(r.code) } else { None };
    raw.take_events().into_iter().filter_map(code).collect()
}

#[test]
fn hostile_34_commands_before_connect() {
    for name in ["publish", "play", "createStream", "deleteStream", "releaseStream", "FCPublish", "pause", "anything"] {
        let mut raw = Raw::new();
        raw.command(1, name, 2.0, Value::Null, names("cam")).unwrap();
        assert_eq!(raw.answer(), ("_error".into(), "NetConnection.Call.Failed".into()));
        assert_eq!(refused(&mut raw), ["RTMP_NOT_CONNECTED"]);
        assert_eq!(raw.server.state().name, StateName::Connecting);
        raw.command(0, "connect", 1.0, connect_object("room"), vec![]).unwrap();
        assert_eq!(raw.server.state().name, StateName::Connected);
    }
}

#[test]
fn hostile_34_publish_and_play_before_create_stream() {
    for (name, code) in [("publish", "NetStream.Publish.Denied"), ("play", "NetStream.Play.Failed")] {
        for stream in [0, 1, 7, u32::MAX] {
            let mut raw = Raw::connected();
            raw.answers.clear();
            raw.command(stream, name, 2.0, Value::Null, names("cam")).unwrap();
            assert_eq!(raw.answer(), ("onStatus".into(), code.into()));
            assert_eq!(refused(&mut raw), ["RTMP_NO_STREAM"]);
        }
    }
}

#[test]
fn hostile_34_a_second_connect() {
    let mut raw = Raw::publishing("cam");
    raw.answers.clear();
    raw.command(0, "connect", 9.0, connect_object("other"), vec![]).unwrap();
    assert_eq!(raw.answer().0, "_error");
    assert_eq!(raw.server.connected().unwrap().room, "room");
    assert_eq!(raw.server.state().name, StateName::Publishing);
}

#[test]
fn hostile_34_publish_twice() {
    let mut raw = Raw::publishing("cam");
    raw.answers.clear();
    for (name, code) in [("publish", "NetStream.Publish.Denied"), ("play", "NetStream.Play.Failed")] {
        raw.command(1, name, 5.0, Value::Null, names("cam")).unwrap();
        assert_eq!(raw.answer(), ("onStatus".into(), code.into()));
    }
    assert_eq!(refused(&mut raw), ["RTMP_STREAM_BUSY"; 2]);
    raw.message(4, kind::AUDIO, 1, b"goes on").unwrap();
    assert_eq!(raw.take_events().len(), 1);
}

#[test]
fn hostile_34_unknown_streams_and_commands() {
    let mut raw = Raw::connected();
    raw.answers.clear();
    for id in [0.0, 1.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
        raw.command(0, "deleteStream", 2.0, Value::Null, vec![Value::Number(id)]).unwrap();
        assert_eq!(raw.answer(), ("_error".into(), "NetConnection.Call.Failed".into()));
    }
    for name in ["pause", "seek"] {
        raw.command(5, name, 2.0, Value::Null, vec![Value::Number(1.0)]).unwrap();
        assert_eq!(raw.answer().0, "onStatus");
    }
    raw.command(5, "closeStream", 2.0, Value::Null, vec![]).unwrap();
    assert_eq!(raw.answer().0, "_error");
    raw.command(0, "noSuchCommand", 2.0, Value::Null, vec![]).unwrap();
    assert_eq!(raw.answer().0, "_error");
    raw.command(0, "noSuchCommand", 0.0, Value::Null, vec![]).unwrap();
    assert_eq!(raw.commands(), []);
}

#[test]
fn hostile_34_refusals_without_end_close_the_session() {
    let mut raw = Raw::connected();
    let error = (0..100).find_map(|_| raw.command(0, "x", 2.0, Value::Null, vec![]).err());
    assert_eq!(error, Some(SessionError::TooManyRefused));
    assert_eq!(refused(&mut raw).len(), 33);
}

#[test]
fn hostile_34_guessing_names_or_keys_ends() {
    let mut raw = Raw::connected();
    raw.command(0, "createStream", 2.0, Value::Null, vec![]).unwrap();
    for _ in 0..=8 {
        assert_eq!(raw.server.handle_timeout(raw.now), Ok(()));
        raw.command(1, "publish", 3.0, Value::Null, names("cam?key=guess")).unwrap();
        assert!(raw.server.reject_publish(raw.now, 1, "NetStream.Publish.Denied", "wrong key"));
    }
    assert_eq!(raw.server.handle_timeout(raw.server.poll_timeout().unwrap()), Err(SessionError::TooManyRequests));
    raw.answers.clear();
    raw.collect();
    assert_eq!(raw.answer().1, "NetStream.Publish.Denied", "the last one is answered too");
}

#[test]
fn hostile_34_requests_without_end_close_the_session() {
    let mut raw = Raw::connected();
    raw.command(0, "createStream", 2.0, Value::Null, vec![]).unwrap();
    for _ in 0..1_000 {
        raw.command(1, "play", 0.0, Value::Null, names("cam")).unwrap();
        assert!(raw.server.accept_play(raw.now, 1));
        raw.collect();
    }
    assert_eq!(raw.command(1, "play", 0.0, Value::Null, names("cam")), Err(SessionError::TooManyRequests));
}

#[test]
fn hostile_34_message_streams_are_bounded() {
    let mut raw = Raw::connected();
    for _ in 0..16 {
        raw.command(0, "createStream", 2.0, Value::Null, vec![]).unwrap();
    }
    raw.answers.clear();
    raw.command(0, "createStream", 2.0, Value::Null, vec![]).unwrap();
    assert_eq!(raw.answer().0, "_error");
    assert_eq!(refused(&mut raw), ["RTMP_TOO_MANY_STREAMS"]);
    // A deleted one makes room, and its id is used again.
    raw.command(0, "deleteStream", 0.0, Value::Null, vec![Value::Number(7.0)]).unwrap();
    raw.command(0, "createStream", 3.0, Value::Null, vec![]).unwrap();
    assert_eq!(raw.commands()[0].1.arguments, [Value::Number(7.0)]);
}

#[test]
fn hostile_34_media_without_a_publisher_is_dropped() {
    let mut raw = Raw::publishing("cam");
    for stream in [0, 2, u32::MAX] {
        raw.message(4, kind::AUDIO, stream, b"a").unwrap();
    }
    raw.command(1, "closeStream", 0.0, Value::Null, vec![]).unwrap();
    raw.message(4, kind::AUDIO, 1, b"late").unwrap();
    assert!(!raw.take_events().iter().any(|e| matches!(e, Event::Media(_))));
    assert_eq!(raw.server.counters().ignored, 4);
}

const BAD_NAMES: [&str; 18] = [
    "",
    ".",
    "..",
    "../../../../etc/pwned",
    "..%2f",
    "..\\..\\x",
    "/etc/passwd",
    "C:\\x",
    "a\0b",
    "a b",
    "a/b",
    "<img src=x onerror=alert(1)>",
    "r\u{e9}sum\u{e9}",
    "a\r\nb",
    "?token=1",
    "a;b",
    "mp4:",
    "flv:../x",
];

#[test]
fn hostile_35_stream_names_against_the_grammar() {
    let long = "n".repeat(129);
    for name in BAD_NAMES.into_iter().chain([long.as_str()]) {
        for (command, code) in [("publish", "NetStream.Publish.BadName"), ("play", "NetStream.Play.StreamNotFound")] {
            let mut raw = Raw::connected();
            raw.command(0, "createStream", 2.0, Value::Null, vec![]).unwrap();
            raw.take_events();
            raw.answers.clear();
            raw.command(1, command, 3.0, Value::Null, names(name)).unwrap();
            assert_eq!(raw.answer(), ("onStatus".into(), code.into()), "{name:?}");
            assert_eq!(refused(&mut raw), ["RTMP_BAD_STREAM_NAME"], "no request for {name:?}");
            assert_eq!(raw.server.streams().next().unwrap().name, StreamStateName::Idle);
        }
    }
}

#[test]
fn hostile_35_applications_against_the_grammar() {
    let long = "n".repeat(129);
    let bad = BAD_NAMES.into_iter().filter(|name| !matches!(*name, "" | "/etc/passwd" | "a/b"));
    for app in bad.chain([long.as_str(), "/", "//", "../room", "room?".repeat(3000).as_str()]) {
        let mut raw = Raw::new();
        let object = Value::object([("app", Value::string(app))]);
        raw.command(0, "connect", 1.0, object, vec![]).unwrap();
        assert_eq!(raw.answer(), ("_error".into(), "NetConnection.Connect.InvalidApp".into()), "{app:?}");
        assert_eq!(refused(&mut raw), ["RTMP_BAD_APP"]);
        assert_eq!(raw.server.state().name, StateName::Connecting);
    }
}

#[test]
fn hostile_35_a_long_query_is_refused() {
    let mut raw = Raw::connected();
    raw.command(0, "createStream", 2.0, Value::Null, vec![]).unwrap();
    raw.take_events();
    raw.command(1, "publish", 3.0, Value::Null, names(&format!("cam?{}", "q".repeat(8_193)))).unwrap();
    assert_eq!(refused(&mut raw), ["RTMP_BAD_STREAM_NAME"]);
    raw.command(1, "publish", 3.0, Value::Null, names(&format!("cam?{}", "q".repeat(8_192)))).unwrap();
    assert!(matches!(raw.take_events()[..], [Event::PublishRequested(_)]));
}
