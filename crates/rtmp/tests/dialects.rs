//! Conversations as well-known clients hold them, and the answers they wait for.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod common;

use common::{Raw, connect_object};
use rtmp_gateway_rtmp::amf0::Value;
use rtmp_gateway_rtmp::message::command::Command;
use rtmp_gateway_rtmp::message::kind;
use rtmp_gateway_rtmp::session::server::{Event, StateName, StreamRequest};

fn request(raw: &mut Raw) -> StreamRequest {
    let request = |e| match e {
        Event::PublishRequested(r) | Event::PlayRequested(r) => Some(*r),
        _ => None,
    };
    raw.take_events().into_iter().find_map(request).unwrap()
}

fn names(commands: &[(u32, Command)]) -> Vec<(u32, String, String)> {
    let code = |c: &Command| {
        let code = c.argument(0).and_then(|v| v.get("code")).and_then(Value::as_str);
        code.unwrap_or_default().to_owned()
    };
    commands.iter().map(|(stream, c)| (*stream, c.name.clone(), code(c))).collect()
}

fn expect(raw: &mut Raw, expected: &[(u32, &str, &str)]) {
    let got = raw.commands();
    let expected: Vec<_> = expected.iter().map(|(s, n, c)| (*s, (*n).to_owned(), (*c).to_owned())).collect();
    assert_eq!(names(&got), expected);
}

#[test]
fn connect_is_answered_with_window_bandwidth_chunk_size_and_result_in_this_order() {
    let mut raw = Raw::connected();
    let types: Vec<_> = raw.answers.iter().map(|m| m.type_id).collect();
    assert_eq!(types, [kind::WINDOW_ACK_SIZE, kind::SET_PEER_BANDWIDTH, kind::SET_CHUNK_SIZE, kind::COMMAND_AMF0]);
    assert_eq!(raw.answers[1].body[..], [0, 0x26, 0x25, 0xA0, 2]);
    assert_eq!(raw.answers[2].body[..], 65_536u32.to_be_bytes());
    let (_, result) = raw.commands().remove(0);
    assert_eq!((result.name.as_str(), result.transaction_id), ("_result", 1.0));
    assert!(result.object.get("fmsVer").is_some() && result.object.get("capabilities").is_some());
    let information = result.argument(0).unwrap();
    assert_eq!(information.get("objectEncoding"), Some(&Value::Number(0.0)));
    assert_eq!(information.get("videoFourCcInfoMap"), None);
}

#[test]
fn an_enhanced_client_hears_that_every_codec_is_forwarded() {
    let mut raw = Raw::new();
    let list = Value::StrictArray(vec![Value::string("hvc1"), Value::Null, Value::string("Opus")]);
    let object = Value::object([("app", Value::string("room")), ("fourCcList", list)]);
    raw.command(0, "connect", 1.0, object, vec![]).unwrap();
    let (_, result) = raw.commands().remove(0);
    let map = result.argument(0).unwrap().get("videoFourCcInfoMap").unwrap();
    assert_eq!(map.get("*"), Some(&Value::Number(4.0)));
    assert_eq!(raw.server.connected().unwrap().four_cc_list, ["hvc1", "Opus"]);
}

/// librtmp (OBS, rtmpdump) and FFmpeg.
#[test]
fn librtmp_publishes() {
    let mut raw = Raw::connected();
    raw.answers.clear();
    raw.command(0, "releaseStream", 2.0, Value::Null, vec![Value::string("cam?key=1")]).unwrap();
    raw.command(0, "FCPublish", 3.0, Value::Null, vec![Value::string("cam?key=1")]).unwrap();
    raw.command(0, "createStream", 4.0, Value::Null, vec![]).unwrap();
    raw.command(0, "_checkbw", 5.0, Value::Null, vec![]).unwrap();
    expect(
        &mut raw,
        &[
            (0, "_result", ""),
            (0, "_result", ""),
            (0, "onFCPublish", "NetStream.Publish.Start"),
            (0, "_result", ""),
            (0, "_result", ""),
        ],
    );
    raw.command(1, "publish", 6.0, Value::Null, vec![Value::string("cam?key=1"), Value::string("live")]).unwrap();
    expect(&mut raw, &[]);
    let wish = request(&mut raw);
    assert_eq!((wish.name.as_str(), wish.query.as_str(), wish.message_stream_id), ("cam", "key=1", 1));
    assert!(raw.server.accept_publish(raw.now, 1));
    raw.collect();
    let begin = &raw.answers[0];
    assert_eq!((begin.type_id, &begin.body[..]), (kind::USER_CONTROL, &[0, 0, 0, 0, 0, 1][..]));
    expect(&mut raw, &[(1, "onStatus", "NetStream.Publish.Start")]);
    raw.command(0, "FCUnpublish", 7.0, Value::Null, vec![Value::string("cam?key=1")]).unwrap();
    raw.command(0, "deleteStream", 8.0, Value::Null, vec![Value::Number(1.0)]).unwrap();
    expect(
        &mut raw,
        &[
            (0, "_result", ""),
            (0, "onFCUnpublish", "NetStream.Unpublish.Success"),
            (1, "onStatus", "NetStream.Unpublish.Success"),
        ],
    );
    assert_eq!(raw.take_events(), [Event::Unpublished { message_stream_id: 1 }]);
}

#[test]
fn ffmpeg_and_vlc_play() {
    let mut raw = Raw::connected();
    raw.command(0, "createStream", 2.0, Value::Null, vec![]).unwrap();
    raw.answers.clear();
    raw.command(0, "getStreamLength", 3.0, Value::Null, vec![Value::string("cam")]).unwrap();
    assert_eq!(raw.commands()[0].1.arguments, [Value::Number(0.0)]);
    raw.command(1, "play", 4.0, Value::Null, vec![Value::string("cam"), Value::Number(-2000.0)]).unwrap();
    raw.message(2, kind::USER_CONTROL, 0, &[0, 3, 0, 0, 0, 1, 0, 0, 0x0B, 0xB8]).unwrap();
    assert_eq!(request(&mut raw).name, "cam");
    assert!(raw.server.accept_play(raw.now, 1));
    raw.collect();
    let types: Vec<_> = raw.answers.iter().map(|m| (m.type_id, m.message_stream_id)).collect();
    assert_eq!(
        types,
        [(kind::USER_CONTROL, 0), (kind::COMMAND_AMF0, 1), (kind::COMMAND_AMF0, 1), (kind::DATA_AMF0, 1)]
    );
    expect(&mut raw, &[(1, "onStatus", "NetStream.Play.Reset"), (1, "onStatus", "NetStream.Play.Start")]);
    assert_eq!(raw.take_events(), [Event::BufferLength { message_stream_id: 1, milliseconds: 3000 }]);
    raw.command(1, "seek", 5.0, Value::Null, vec![Value::Number(1000.0)]).unwrap();
    expect(&mut raw, &[(1, "onStatus", "NetStream.Seek.Failed")]);
    assert_eq!(raw.server.state().name, StateName::Playing);
}

#[test]
fn a_client_may_send_everything_without_waiting() {
    let mut raw = Raw::new();
    let mut bytes = Vec::new();
    let mut add = |stream, name: &str, transaction, object, arguments| {
        let body = Command::new(name, transaction, object, arguments).encode();
        rtmp_gateway_rtmp::chunk::write_message(128, 3, 0, kind::COMMAND_AMF0, stream, &body, &mut bytes);
    };
    add(0, "connect", 1.0, connect_object("room"), vec![]);
    add(0, "createStream", 2.0, Value::Null, vec![]);
    add(1, "publish", 3.0, Value::Null, vec![Value::string("cam")]);
    rtmp_gateway_rtmp::chunk::write_message(128, 4, 0, kind::AUDIO, 1, &[7; 1000], &mut bytes);
    raw.bytes(&bytes).unwrap();
    assert_eq!(request(&mut raw).name, "cam");
    assert!(raw.server.accept_publish(raw.now, 1));
    raw.collect();
    assert!(matches!(&raw.take_events()[..], [Event::Media(m)] if m.body.len() == 1000));
}

#[test]
fn flash_switches_streams_and_stops_with_false() {
    let mut raw = Raw::connected();
    raw.command(0, "createStream", 2.0, Value::Null, vec![]).unwrap();
    for name in ["one", "two"] {
        raw.command(1, "play", 0.0, Value::Null, vec![Value::string(name)]).unwrap();
        assert!(raw.server.accept_play(raw.now, 1));
        raw.collect();
    }
    raw.command(1, "play", 0.0, Value::Null, vec![Value::Boolean(false)]).unwrap();
    let stopped = raw.take_events().into_iter().filter(|e| *e == Event::Stopped { message_stream_id: 1 }).count();
    assert_eq!((stopped, raw.server.state().name), (2, StateName::Connected));
}

#[test]
fn applications_and_queries_in_every_place() {
    // (app, tcUrl, stream) -> (room, name, query)
    let cases = [
        ("room", "rtmp://h/room", "cam", ("room", "cam", "")),
        ("room/", "rtmp://h/room/", "cam", ("room", "cam", "")),
        ("room/inst", "rtmp://h/room/inst", "cam", ("room", "cam", "")),
        ("room/_definst_", "rtmp://h/room/_definst_", "cam", ("room", "cam", "")),
        ("room?key=x", "rtmp://h/room?key=x", "cam", ("room", "cam", "key=x")),
        ("room/?key=x", "rtmp://h/room/?key=x", "cam", ("room", "cam", "key=x")),
        ("room", "rtmp://h/room?key=x", "cam", ("room", "cam", "key=x")),
        ("room", "rtmp://h/room", "cam?token=a%2Fb", ("room", "cam", "token=a%2Fb")),
        ("room?key=x", "rtmp://h/room?key=x", "cam?token=t", ("room", "cam", "token=t&key=x")),
        ("", "rtmp://h:1935/room", "cam", ("room", "cam", "")),
        ("room", "", "mp4:cam.mp4", ("room", "cam.mp4", "")),
        ("room", "", "flv:cam", ("room", "cam", "")),
    ];
    for (app, tc_url, stream, (room, name, query)) in cases {
        let mut raw = Raw::new();
        let object = Value::object([("app", Value::string(app)), ("tcUrl", Value::string(tc_url))]);
        raw.command(0, "connect", 1.0, object, vec![]).unwrap();
        raw.command(0, "createStream", 2.0, Value::Null, vec![]).unwrap();
        raw.command(1, "publish", 3.0, Value::Null, vec![Value::string(stream)]).unwrap();
        let got = request(&mut raw);
        assert_eq!((got.room.as_str(), got.name.as_str(), got.query.as_str()), (room, name, query), "{app} {stream}");
    }
}

#[test]
fn a_set_peer_bandwidth_is_answered_with_our_window() {
    let mut raw = Raw::connected();
    raw.answers.clear();
    for _ in 0..2 {
        raw.message(2, kind::SET_PEER_BANDWIDTH, 0, &[0, 0x10, 0, 0, 0]).unwrap();
    }
    assert_eq!(raw.answers.len(), 1);
    assert_eq!((raw.answers[0].type_id, &raw.answers[0].body[..]), (kind::WINDOW_ACK_SIZE, &[0, 0x10, 0, 0][..]));
    assert_eq!(raw.server.unacknowledged_bytes(), None);
    raw.message(2, kind::ACKNOWLEDGEMENT, 0, &[0, 0, 0, 50]).unwrap();
    let sent = raw.server.counters().bytes_out as u32;
    assert_eq!(raw.server.unacknowledged_bytes(), Some(sent - 50));
}
