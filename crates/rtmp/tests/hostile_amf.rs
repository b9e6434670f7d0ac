//! HOSTILE rows 26 to 33: AMF that is deep, cut, huge, cyclic or simply something else.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod common;

use common::{Raw, connect_object, metadata};
use rtmp_gateway_rtmp::amf0::{AmfError, Value, decode_all, encode_all};
use rtmp_gateway_rtmp::amf3;
use rtmp_gateway_rtmp::message::kind;
use rtmp_gateway_rtmp::session::SessionError;
use rtmp_gateway_rtmp::session::server::Event;

fn code(result: Result<(), SessionError>) -> &'static str {
    result.unwrap_err().code()
}

fn connect_command() -> Vec<u8> {
    encode_all(&[Value::string("connect"), Value::Number(1.0), connect_object("room")])
}

/// Runs in a thread whose stack an unbounded recursion would overflow.
#[allow(clippy::disallowed_methods, reason = "the test is about the size of the stack")]
fn on_a_small_stack(test: fn()) {
    std::thread::Builder::new().stack_size(256 * 1024).spawn(test).unwrap().join().unwrap();
}

#[test]
fn hostile_26_values_nested_70_000_deep() {
    on_a_small_stack(|| {
        let starts: [&[u8]; 5] = [
            &[0x03, 0, 1, b'k'],
            &[0x0A, 0, 0, 0, 1],
            &[0x08, 0, 0, 0, 1, 0, 1, b'k'],
            &[0x10, 0, 0, 0, 1, b'k'],
            &[0x11, 0x09, 0x03, 0x01, 0x0A, 0x0B, 0x01, 0x03, b'k'],
        ];
        for start in starts {
            let body = start.repeat(70_000);
            assert!(matches!(decode_all(&body), Err(AmfError::TooDeep { .. } | AmfError::BadMarker { .. })));
        }
        for start in [&[0x09u8, 0x03, 0x01][..], &[0x0A, 0x0B, 0x01, 0x03, b'k'], &[0x11, 0x03, 0x00], &[0x10, 3, 0, 1]]
        {
            let error = amf3::Decoder::new(&start.repeat(70_000)).value().unwrap_err();
            assert_eq!(error.code(), "AMF_TOO_DEEP", "{start:?}");
        }
        let mut raw = Raw::new();
        let mut body = encode_all(&[Value::string("connect"), Value::Number(1.0)]);
        body.extend([0x03u8, 0, 1, b'k'].repeat(5_000));
        assert_eq!(raw.message(3, kind::COMMAND_AMF0, 0, &body).unwrap_err().code(), "AMF_TOO_DEEP");
    });
}

#[test]
fn hostile_26_ordinary_depth_is_fine() {
    let mut value = Value::Null;
    for _ in 0..16 {
        value = Value::StrictArray(vec![Value::object([("k", value)])]);
        if decode_all(&encode_all(std::slice::from_ref(&value))).is_err() {
            break;
        }
    }
    let mut depth = 0;
    while let Value::StrictArray(items) = &value {
        depth += 2;
        value = items[0].get("k").unwrap().clone();
    }
    assert!((16..=18).contains(&depth), "{depth}");
}

#[test]
fn hostile_28_commands_cut_at_every_byte() {
    let whole = connect_command();
    let (mut fine, mut errors) = (0, 0);
    for cut in 1..whole.len() {
        let mut raw = Raw::new();
        match raw.message(3, kind::COMMAND_AMF0, 0, &whole[..cut]) {
            // Cut behind name and transaction id it is a whole command without an object.
            Ok(()) => {
                fine += 1;
                assert_eq!(raw.answer().0, "_error");
            }
            Err(error) => {
                errors += 1;
                assert!(matches!(error.code(), "AMF_TRUNCATED" | "RTMP_BAD_COMMAND"), "{error}");
            }
        }
    }
    assert_eq!((fine, errors), (1, whole.len() - 2));
}

#[test]
fn hostile_28_values_cut_at_every_byte() {
    let mut whole = encode_all(&[Value::object([
        ("a", Value::Number(1.0)),
        ("b", Value::StrictArray(vec![Value::Boolean(true), Value::Date(2.0)])),
        ("c", Value::EcmaArray(vec![("d".into(), Value::Xml("<x/>".into()))])),
        ("e", Value::ByteArray(vec![1, 2, 3])),
        ("f", Value::string("x".repeat(70_000 % 65_000))),
    ])]);
    assert!(decode_all(&whole).is_ok());
    while whole.len() > 1 {
        whole.pop();
        assert_eq!(decode_all(&whole).unwrap_err().code(), "AMF_TRUNCATED", "at {}", whole.len());
    }
}

#[test]
fn hostile_29_strings_are_escaped_in_what_is_logged() {
    let names: [&[u8]; 5] =
        [b"\xFF\xFE\xC3", b"a\0b", b"x\r\nlevel=error msg=fake", b"\x1B[2J\x1B[31m", &[b'A'; 20_000]];
    for name in names {
        let mut raw = Raw::connected();
        raw.command(0, "createStream", 2.0, Value::Null, vec![]).unwrap();
        raw.take_events();
        let mut body = encode_all(&[Value::string("publish"), Value::Number(3.0), Value::Null]);
        body.push(2);
        body.extend((name.len() as u16).to_be_bytes());
        body.extend(name);
        raw.message(3, kind::COMMAND_AMF0, 1, &body).unwrap();
        let events = raw.take_events();
        let [Event::Refused(refused)] = &events[..] else { panic!("{events:?}") };
        assert_eq!(refused.code, "RTMP_BAD_STREAM_NAME");
        assert!(refused.detail.len() < 3_000 && refused.detail.bytes().all(|b| (0x20..0x7F).contains(&b)));
    }
}

#[test]
fn hostile_29_strings_that_declare_gigabytes() {
    let body = [0x0Cu8, 0xFF, 0xFF, 0xFF, 0xFF, b'x'];
    assert_eq!(decode_all(&body), Err(AmfError::StringTooLong { length: 0xFFFF_FFFF, at: 5 }));
    let body = [&[2, 0, 1, b'x', 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &body].concat();
    assert_eq!(code(Raw::connected().message(3, kind::COMMAND_AMF0, 0, &body)), "AMF_STRING_TOO_LONG");
}

#[test]
fn hostile_29_a_connect_full_of_broken_utf_8_stays_small() {
    let mut raw = Raw::new();
    let mut body = encode_all(&[Value::string("connect"), Value::Number(1.0)]);
    body.push(3);
    for (key, length) in [("app", 4), ("tcUrl", 14_000), ("flashVer", 14_000)] {
        body.extend((key.len() as u16).to_be_bytes());
        body.extend(key.as_bytes());
        body.push(2);
        body.extend((length as u16).to_be_bytes());
        body.extend(if key == "app" { b"room".to_vec() } else { vec![0xFF; length] });
    }
    body.extend([0, 0, 9]);
    raw.message(3, kind::COMMAND_AMF0, 0, &body).unwrap();
    let connected = raw.server.connected().unwrap();
    assert!(connected.tc_url.len() <= 8 * 1024 && connected.flash_ver.len() <= 128);
}

#[test]
fn hostile_30_amf3_commands_in_their_envelope() {
    let mut raw = Raw::new();
    let mut body = vec![0];
    body.extend(encode_all(&[Value::string("connect"), Value::Number(1.0)]));
    // {app: "room", objectEncoding: 3} in AMF3.
    body.extend([0x11, 0x0A, 0x0B, 0x01, 0x07]);
    body.extend(b"app");
    body.extend([0x06, 0x09]);
    body.extend(b"room");
    body.push(0x1D);
    body.extend(b"objectEncoding");
    body.extend([0x04, 0x03, 0x01]);
    raw.message(3, kind::COMMAND_AMF3, 0, &body).unwrap();
    let connected = raw.server.connected().unwrap();
    assert_eq!((connected.room.as_str(), connected.object_encoding), ("room", 3));
    let (name, code) = raw.answer();
    assert_eq!((name.as_str(), code.as_str()), ("_result", "NetConnection.Connect.Success"));
}

#[test]
fn hostile_30_amf3_references_do_not_make_cycles_or_bombs() {
    // An array that holds itself, an object that holds itself, references to nowhere.
    for (bytes, fine) in [
        (&[0x09u8, 0x03, 0x01, 0x09, 0x00][..], true),
        (&[0x0A, 0x0B, 0x01, 0x03, b'k', 0x0A, 0x00, 0x01], true),
        (&[0x0A, 0x02], false),
        (&[0x06, 0x10], false),
        (&[0x0A, 0x05], false),
    ] {
        assert_eq!(amf3::Decoder::new(bytes).value().is_ok(), fine, "{bytes:?}");
    }
    // One 16 KiB string and a thousand references to it.
    let mut bytes = vec![0x09, 0x8F, 0x51, 0x01, 0x06];
    amf3::encode_u29(16_384 << 1 | 1, &mut bytes);
    bytes.extend([b's'; 16_384]);
    bytes.extend([0x06, 0x00].repeat(1_000));
    assert_eq!(amf3::Decoder::new(&bytes).value().unwrap_err().code(), "AMF_TOO_MANY_VALUES");
    // Traits with many names, used by many objects.
    let mut bytes = vec![0x09, 0x87, 0x69, 0x01, 0x0A];
    amf3::encode_u29(500 << 4 | 0b0011, &mut bytes);
    bytes.push(0x01);
    bytes.extend([0x03, b'n'].repeat(500));
    bytes.extend([0x01; 500]);
    bytes.extend([&[0x0A, 0x01][..], &[0x01; 500]].concat().repeat(500));
    assert_eq!(amf3::Decoder::new(&bytes).value().unwrap_err().code(), "AMF_TOO_MANY_VALUES");
}

#[test]
fn hostile_30_every_amf3_value_cut_at_every_byte() {
    let values: [&[u8]; 8] = [
        &[0x04, 0xFF, 0xFF, 0xFF, 0xFF],
        &[0x05, 0, 0, 0, 0, 0, 0, 0, 0],
        &[0x06, 0x07, b'a', b'b', b'c'],
        &[0x08, 0x01, 0, 0, 0, 0, 0, 0, 0, 0],
        &[0x09, 0x03, 0x03, b'k', 0x01, 0x01, 0x02],
        &[0x0A, 0x1B, 0x03, b'C', 0x03, b'a', 0x04, 0x01, 0x03, b'd', 0x02, 0x01],
        &[0x0C, 0x05, 1, 2],
        &[0x0F, 0x03, 0x00, 0, 0, 0, 0, 0, 0, 0, 0],
    ];
    for value in values {
        let mut decoder = amf3::Decoder::new(value);
        decoder.value().unwrap();
        assert_eq!(decoder.position(), value.len());
        for cut in 0..value.len() {
            assert_eq!(
                amf3::Decoder::new(&value[..cut]).value().unwrap_err().code(),
                "AMF_TRUNCATED",
                "{value:?} {cut}"
            );
        }
    }
}

#[test]
fn hostile_31_keys_stay_plain_data() {
    let keys = ["__proto__", "constructor", "prototype", "toString", "", "__proto__"];
    let pairs: Vec<_> = keys.iter().map(|key| ((*key).to_owned(), Value::string("x"))).collect();
    let value = Value::Object(pairs);
    assert_eq!(decode_all(&encode_all(std::slice::from_ref(&value))).unwrap(), std::slice::from_ref(&value));
    let mut raw = Raw::new();
    let Value::Object(mut pairs) = value else { unreachable!() };
    pairs.push(("app".into(), Value::string("room")));
    raw.command(0, "connect", 1.0, Value::Object(pairs), vec![]).unwrap();
    assert_eq!(raw.answer().1, "NetConnection.Connect.Success");
}

#[test]
fn hostile_32_commands_of_the_wrong_shape() {
    let shapes: [&[Value]; 7] = [
        &[Value::Null],
        &[Value::Number(1.0)],
        &[Value::string("connect")],
        &[Value::string("connect"), Value::string("1")],
        &[Value::object([("connect", Value::Null)])],
        &[Value::StrictArray(vec![]), Value::Number(1.0)],
        &[Value::string("connect"), Value::Null, connect_object("room")],
    ];
    for shape in shapes {
        let result = Raw::new().message(3, kind::COMMAND_AMF0, 0, &encode_all(shape));
        assert_eq!(code(result), "RTMP_BAD_COMMAND", "{shape:?}");
    }
    // Every command with arguments that are missing or of another type: answers, no errors.
    let names = [
        "createStream",
        "publish",
        "play",
        "pause",
        "seek",
        "closeStream",
        "deleteStream",
        "receiveAudio",
        "receiveVideo",
        "releaseStream",
        "FCPublish",
        "FCUnpublish",
        "FCSubscribe",
        "getStreamLength",
        "_checkbw",
    ];
    for name in names {
        for arguments in
            [vec![], vec![Value::Null], vec![Value::Number(f64::NAN)], vec![Value::object([("a", Value::Null)])]]
        {
            let mut raw = Raw::connected();
            raw.command(0, "createStream", 2.0, Value::Null, vec![]).unwrap();
            for stream in [0, 1, u32::MAX] {
                raw.command(stream, name, 3.0, Value::object([]), arguments.clone()).unwrap();
            }
        }
    }
}

#[test]
fn hostile_32_long_commands_are_refused() {
    let mut raw = Raw::publishing("cam");
    let body = encode_all(&[Value::string("x"), Value::Number(1.0), Value::string("y".repeat(40_000))]);
    assert_eq!(code(raw.message(3, kind::COMMAND_AMF0, 0, &body)), "RTMP_LONG_COMMAND");
    let many = encode_all(&[&[Value::string("x"), Value::Number(1.0)][..], &vec![Value::Null; 2_000]].concat());
    assert_eq!(code(Raw::connected().message(3, kind::COMMAND_AMF0, 0, &many)), "AMF_TOO_MANY_VALUES");
}

#[test]
fn hostile_33_nameless_data_is_ignored_and_the_stream_goes_on() {
    let mut raw = Raw::publishing("cam");
    let before = raw.server.counters().ignored;
    // FFmpeg's timecode, garbage, half a string, and an AMF3 data message.
    let timecode = encode_all(&[Value::Number(1.0), Value::object([("timecode", Value::string("00:00:00:00"))])]);
    for body in
        [&timecode[..], b"\xFF\xFF", b"\x02\x00", b"\x02\x00\x0D@setDataFrame", b"\x02\x00\x0D@setDataFrame\x05"]
    {
        raw.message(4, kind::DATA_AMF0, 1, body).unwrap();
        raw.message(4, kind::DATA_AMF3, 1, body).unwrap();
    }
    assert_eq!(raw.server.counters().ignored, before + 10);
    raw.message(4, kind::DATA_AMF3, 1, &[&[0][..], &metadata()].concat()).unwrap();
    raw.message(4, kind::DATA_AMF0, 1, &encode_all(&[Value::string("onTextData"), Value::Null])).unwrap();
    let media = raw.take_events().into_iter().filter(|e| matches!(e, Event::Media(_))).count();
    assert_eq!(media, 2);
}
