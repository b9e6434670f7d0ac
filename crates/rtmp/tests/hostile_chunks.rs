//! HOSTILE rows 5 to 25: the chunk layer and control messages against a session.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod common;

use common::{Raw, at, metadata, start};
use rtmp_gateway_rtmp::amf0::Value;
use rtmp_gateway_rtmp::chunk::{ChunkError, ChunkReader, ReaderLimits, write_message};
use rtmp_gateway_rtmp::limits::{MAX_CHUNK_STREAMS, MAX_PENDING_PUBLISHER, MAX_PENDING_UNTRUSTED};
use rtmp_gateway_rtmp::message::{MessageError, kind};
use rtmp_gateway_rtmp::session::SessionError;
use rtmp_gateway_rtmp::session::server::{Event, Media};

fn code(result: Result<(), SessionError>) -> &'static str {
    result.unwrap_err().code()
}

fn media(raw: &mut Raw) -> Vec<Media> {
    let media = |e| if let Event::Media(m) = e { Some(m) } else { None };
    raw.take_events().into_iter().filter_map(media).collect()
}

fn head0(id: u8, time: u32, length: u32, kind: u8) -> Vec<u8> {
    [&[id][..], &time.to_be_bytes()[1..], &length.to_be_bytes()[1..], &[kind, 1, 0, 0, 0]].concat()
}

#[test]
fn hostile_05_chunk_size_0() {
    assert_eq!(code(Raw::connected().message(2, 1, 0, &[0; 4])), "RTMP_BAD_CHUNK_SIZE");
}

#[test]
fn hostile_06_chunk_size_with_its_high_bit_set() {
    for size in [0x8000_0000u32, 0xFFFF_FFFF, 0x8000_0080] {
        assert_eq!(code(Raw::connected().message(2, 1, 0, &size.to_be_bytes())), "RTMP_BAD_CHUNK_SIZE");
    }
}

#[test]
fn hostile_07_a_huge_chunk_size_allocates_nothing() {
    let mut raw = Raw::publishing("cam");
    raw.message(2, 1, 0, &0x7FFF_FFFFu32.to_be_bytes()).unwrap();
    raw.bytes(&[&head0(4, 0, 1000, 8)[..], &[7; 1000]].concat()).unwrap();
    assert_eq!(media(&mut raw)[0].body.len(), 1000);
    let mut reader = ChunkReader::new(ReaderLimits::PUBLISHER);
    reader.set_chunk_size(0x7FFF_FFFF).unwrap();
    reader.read(&[&head0(4, 0, 0x9F_FFFF, 8)[..], &[7; 1000]].concat()).unwrap();
    assert!(reader.pending() <= 2_000, "{}", reader.pending());
}

#[test]
fn hostile_08_chunks_of_one_byte_are_put_together() {
    let mut raw = Raw::publishing("cam");
    raw.message(2, 1, 0, &1u32.to_be_bytes()).unwrap();
    let body: Vec<u8> = (0..200_000u32).map(|i| i as u8).collect();
    let mut bytes = Vec::new();
    write_message(1, 6, 0xFFFF_FFFF, kind::VIDEO, 1, &body, &mut bytes);
    for piece in bytes.chunks(10_000) {
        raw.bytes(piece).unwrap();
    }
    let got = media(&mut raw);
    assert_eq!((got.len(), got[0].timestamp), (1, 0xFFFF_FFFF));
    assert!(got[0].body == body);
}

#[test]
fn hostile_09_short_control_messages() {
    for type_id in 1..=6u8 {
        let least = if type_id == 4 { 6 } else { 4 };
        for length in 0..least {
            // User control of an unknown event needs its number only: 0xAAAA here.
            let body = if type_id == 4 { vec![0; length] } else { vec![0xAA; length] };
            let result = Raw::connected().message(2, type_id, 0, &body);
            assert_eq!(code(result), "RTMP_SHORT_CONTROL", "type {type_id}, {length} bytes");
        }
    }
    for event in [0u16, 1, 2, 3, 4, 6, 7] {
        let result = Raw::connected().message(2, 4, 0, &event.to_be_bytes());
        assert_eq!(code(result), "RTMP_SHORT_CONTROL", "event {event}");
    }
}

#[test]
fn hostile_11_declared_lengths_allocate_nothing() {
    // A stranger may not even declare them.
    assert_eq!(code(Raw::connected().bytes(&head0(4, 0, 0xFF_FFFF, 8))), "RTMP_MESSAGE_TOO_LONG");
    // What a stranger may declare is bounded as a whole.
    let mut reader = ChunkReader::new(ReaderLimits::UNTRUSTED);
    let mut result = Ok((0, None));
    for id in 3..60 {
        let bytes = [&head0(id, 0, 32 * 1024, 8)[..], &[0; 128]].concat();
        reader.read(&bytes).unwrap();
        assert!(reader.pending() <= 2 * 128 * usize::from(id - 2));
    }
    'fill: for _ in 0..64 {
        for id in 3..60 {
            result = reader.read(&[&[0xC0 | id][..], &[0; 128]].concat());
            assert!(reader.pending() <= MAX_PENDING_UNTRUSTED);
            if result.is_err() {
                break 'fill;
            }
        }
    }
    assert_eq!(result.unwrap_err().code(), "RTMP_TOO_MUCH_PENDING");
}

#[test]
fn hostile_11_a_publisher_is_bounded_too() {
    let mut reader = ChunkReader::new(ReaderLimits::PUBLISHER);
    reader.set_chunk_size(65_536).unwrap();
    let mut sent = 0;
    let error = 'fill: loop {
        for id in 3..63u8 {
            let header = if sent < 60 * 65_536 { head0(id, 0, 0x9F_FFFF, 9) } else { vec![0xC0 | id] };
            sent += 65_536;
            match reader.read(&[&header[..], &[0; 65_536]].concat()) {
                Ok(_) => assert!(reader.pending() <= MAX_PENDING_PUBLISHER.min(2 * sent)),
                Err(error) => break 'fill error,
            }
        }
    };
    assert_eq!(error.code(), "RTMP_TOO_MUCH_PENDING");
}

#[test]
fn hostile_12_empty_messages_of_every_type() {
    for type_id in 0..=255u8 {
        let mut raw = Raw::publishing("cam");
        let result = raw.message(4, type_id, 1, &[]);
        match type_id {
            1..=6 => assert_eq!(code(result), "RTMP_SHORT_CONTROL"),
            _ => {
                result.unwrap();
                assert_eq!(raw.take_events().into_iter().filter(|e| matches!(e, Event::Media(_))).count(), 0);
                raw.message(4, 8, 1, b"audio").unwrap();
                assert_eq!(media(&mut raw).len(), 1, "type {type_id}");
            }
        }
    }
}

#[test]
fn hostile_12_empty_messages_without_end() {
    let mut raw = Raw::publishing("cam");
    raw.bytes(&head0(4, 0, 0, 8)).unwrap();
    let error = (0..100).find_map(|_| raw.bytes(&[0xC4; 1000]).err());
    assert_eq!(error.unwrap().code(), "RTMP_TOO_MANY_EMPTY_MESSAGES");
}

#[test]
fn hostile_13_chunk_streams_are_bounded() {
    let mut reader = ChunkReader::new(ReaderLimits::UNTRUSTED);
    for id in 2..2 + MAX_CHUNK_STREAMS as u32 {
        let mut bytes = Vec::new();
        write_message(128, id * 500, 0, 8, 1, &[0; 129], &mut bytes);
        // Unfinished: the last chunk is missing.
        bytes.truncate(bytes.len() - 4);
        assert_eq!(reader.read(&bytes).unwrap().1, None);
    }
    let error = reader.read(&head0(2, 0, 10, 8)).unwrap_err();
    assert_eq!(error, ChunkError::TooManyChunkStreams { chunk_stream_id: 2 });
}

#[test]
fn hostile_14_headers_that_lean_on_nothing() {
    for format in 1..=3u8 {
        for id in [2u8, 3, 63] {
            let result = Raw::connected().bytes(&[format << 6 | id, 0, 0, 0, 0, 0, 1, 9, 0xAA]);
            // Chunk stream 3 has had the connect command.
            match (format, id) {
                (_, 3) => assert!(!matches!(result, Err(SessionError::Chunk(ChunkError::NoPreviousHeader { .. })))),
                _ => assert_eq!(code(result), "RTMP_NO_PREVIOUS_HEADER", "format {format}, chunk stream {id}"),
            }
        }
    }
}

#[test]
fn hostile_14_control_messages_may_start_with_format_1() {
    let mut raw = Raw::connected();
    raw.answers.clear();
    raw.bytes(&[0x42, 0, 0, 0, 0, 0, 6, 4, 0, 6, 1, 2, 3, 4]).unwrap();
    assert_eq!(raw.answers[0].body[..], [0, 7, 1, 2, 3, 4]);
}

#[test]
fn hostile_15_a_new_header_in_the_middle_of_a_message() {
    for format in 0..=2u8 {
        let mut raw = Raw::publishing("cam");
        raw.bytes(&[&head0(4, 0, 300, 8)[..], &[0; 128]].concat()).unwrap();
        let header = &head0(format << 6 | 4, 0, 300, 8)[..];
        assert_eq!(code(raw.bytes(header)), "RTMP_UNFINISHED_MESSAGE", "format {format}");
    }
}

#[test]
fn hostile_17_timestamps_wrap() {
    let mut raw = Raw::publishing("cam");
    let mut bytes = Vec::new();
    write_message(128, 4, 0xFFFF_FFF0, kind::AUDIO, 1, b"a", &mut bytes);
    bytes.extend([0x84, 0, 0, 0x20, b'b']);
    // A delta beyond 24 bits: extended.
    bytes.extend([0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, b'c']);
    raw.bytes(&bytes).unwrap();
    let times: Vec<_> = media(&mut raw).iter().map(|m| m.timestamp).collect();
    assert_eq!(times, [0xFFFF_FFF0, 0x10, 0x0F]);
}

#[test]
fn hostile_18_both_conventions_of_extended_timestamps() {
    for repeated in [true, false] {
        let mut raw = Raw::publishing("cam");
        let mut bytes = Vec::new();
        for time in [0x00FF_FFFFu32, 0x0100_0000, 0xFFFF_FFFF] {
            let body = [0x17; 300];
            bytes.extend(head0(6, 0x00FF_FFFF, 300, 9));
            bytes.extend(time.to_be_bytes());
            for (index, piece) in body.chunks(128).enumerate() {
                if index > 0 {
                    bytes.push(0xC6);
                    bytes.extend(repeated.then_some(time.to_be_bytes()).into_iter().flatten());
                }
                bytes.extend(piece);
            }
        }
        raw.bytes(&bytes).unwrap();
        let got = media(&mut raw);
        assert_eq!(got.iter().map(|m| m.timestamp).collect::<Vec<_>>(), [0x00FF_FFFF, 0x0100_0000, 0xFFFF_FFFF]);
        assert!(got.iter().all(|m| m.body[..] == [0x17; 300]));
    }
}

#[test]
fn hostile_18_a_short_last_chunk_without_the_field_does_not_wait() {
    // The message ends in fewer bytes than an extended timestamp has, and the peer then falls silent.
    let mut raw = Raw::publishing("cam");
    let mut bytes = head0(6, 0x00FF_FFFF, 130, 9);
    bytes.extend([1, 2, 3, 4]);
    bytes.extend([0; 128]);
    bytes.extend([0xC6, 1, 9]);
    raw.bytes(&bytes).unwrap();
    assert_eq!(media(&mut raw)[0].body[127..], [0, 1, 9]);
}

#[test]
fn hostile_18_a_desynchronized_peer_is_found_out() {
    let mut raw = Raw::publishing("cam");
    let mut bytes = head0(6, 0x00FF_FFFF, 300, 9);
    bytes.extend([1, 2, 3, 4]);
    bytes.extend([0; 128]);
    bytes.extend([0xC6, 1, 2, 3, 4]);
    bytes.extend([0; 128]);
    bytes.extend([0xC6, 0, 0, 0, 0]);
    assert_eq!(code(raw.bytes(&bytes)), "RTMP_DESYNCHRONIZED");
}

#[test]
fn hostile_19_jumping_timestamps_pass_unchanged() {
    let mut raw = Raw::publishing("cam");
    let times = [0u32, 0x8000_0000, 5, 0xFFFF_FFFF, 1, 0x7FFF_FFFF];
    for time in times {
        let mut bytes = Vec::new();
        write_message(128, 4, time, kind::AUDIO, 1, b"a", &mut bytes);
        raw.bytes(&bytes).unwrap();
    }
    assert_eq!(media(&mut raw).iter().map(|m| m.timestamp).collect::<Vec<_>>(), times);
}

#[test]
fn hostile_20_a_window_of_one_byte_brings_no_acknowledgement_a_byte() {
    for window in [0u32, 1, 0x8000_0000, u32::MAX] {
        let mut raw = Raw::publishing("cam");
        raw.message(2, kind::WINDOW_ACK_SIZE, 0, &window.to_be_bytes()).unwrap();
        raw.answers.clear();
        for _ in 0..1_000 {
            raw.message(4, kind::AUDIO, 1, &[0; 100]).unwrap();
        }
        let acks = raw.answers.iter().filter(|m| m.type_id == kind::ACKNOWLEDGEMENT).count();
        assert!(acks <= 120_000 / (16 * 1024), "{acks} for a window of {window}");
        assert_eq!(acks > 0, window < 2, "the smallest window is obeyed");
    }
}

#[test]
fn hostile_20_a_flood_of_pings_is_answered_in_bounded_pieces() {
    let mut raw = Raw::connected();
    raw.answers.clear();
    let mut bytes = vec![2, 0, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0];
    bytes.extend([0, 6, 0, 0, 0, 1]);
    for _ in 0..9_000 {
        bytes.extend([0xC2, 0, 6, 0, 0, 0, 1]);
    }
    raw.server.handle_input(start(), &bytes).unwrap();
    let mut answered = 0;
    while let Some(rtmp_gateway_rtmp::session::server::Output::Transmit(piece)) = raw.server.poll_output() {
        assert!(piece.len() < 17 * 1024);
        answered += piece.len();
    }
    assert_eq!(answered, 9_001 * 18);
}

#[test]
fn hostile_20_a_flood_of_tiny_messages_is_handed_out_in_bounded_numbers() {
    let mut raw = Raw::publishing("cam");
    let mut bytes = head0(4, 0, 1, 8);
    bytes.push(1);
    for _ in 0..20_000 {
        bytes.extend([0xC4, 1]);
    }
    raw.server.handle_input(start(), &bytes).unwrap();
    let (mut media, mut most) = (0, 0);
    let mut before = raw.server.counters().messages;
    while let Some(output) = raw.server.poll_output() {
        media += usize::from(matches!(output, rtmp_gateway_rtmp::session::server::Output::Event(_)));
        most = most.max(raw.server.counters().messages - before);
        before = raw.server.counters().messages;
    }
    assert_eq!(media, 20_001);
    assert!(most <= 512, "{most} events at once");
}

#[test]
fn hostile_23_unknown_types_and_events_are_ignored() {
    let mut raw = Raw::publishing("cam");
    let known = [1, 2, 3, 4, 5, 6, 8, 9, 15, 17, 18, 20, 22];
    for type_id in (0..=255u8).filter(|t| !known.contains(t)) {
        raw.message(5, type_id, 1, b"\x02\x00\x01x").unwrap();
    }
    for event in [5u16, 8, 31, 32, 33, 255, 65_535] {
        raw.message(2, kind::USER_CONTROL, 0, &[&event.to_be_bytes()[..], &[0; 4]].concat()).unwrap();
    }
    assert!(raw.server.counters().ignored >= 256 - known.len() as u64 + 7);
    raw.message(4, kind::AUDIO, 1, b"a").unwrap();
    assert_eq!(media(&mut raw).len(), 1);
}

#[test]
fn hostile_24_interleaved_one_byte_chunks() {
    let mut raw = Raw::publishing("cam");
    raw.message(2, 1, 0, &1u32.to_be_bytes()).unwrap();
    let bodies: [Vec<u8>; 3] = [vec![1; 500], vec![2; 400], metadata().to_vec()];
    let kinds = [kind::AUDIO, kind::VIDEO, kind::DATA_AMF0];
    let mut bytes = Vec::new();
    for index in 0..500 {
        for (stream, (body, kind)) in bodies.iter().zip(kinds).enumerate() {
            let Some(byte) = body.get(index) else { continue };
            let id = stream as u8 + 4;
            if index == 0 {
                bytes.extend(head0(id, 0, body.len() as u32, kind));
            } else {
                bytes.push(0xC0 | id);
            }
            bytes.push(*byte);
        }
    }
    for piece in bytes.chunks(3) {
        raw.bytes(piece).unwrap();
    }
    let mut got: Vec<_> = media(&mut raw).into_iter().map(|m| m.body.to_vec()).collect();
    got.sort();
    let mut expected = bodies.to_vec();
    expected.sort();
    assert_eq!(got, expected);
}

#[test]
fn hostile_aggregates_are_split_or_refused() {
    let mut raw = Raw::publishing("cam");
    let tag = |kind: u8, time: u8, body: &[u8]| {
        let length = body.len() as u8;
        [&[kind, 0, 0, length, 0, 0, time, 0, 0, 0, 0][..], body, &[0, 0, 0, 11 + length]].concat()
    };
    let parts = [tag(9, 10, b"v"), tag(8, 12, b"a"), tag(22, 13, b"nested"), tag(8, 14, b"")].concat();
    raw.message(6, kind::AGGREGATE, 1, &parts).unwrap();
    assert_eq!(media(&mut raw).iter().map(|m| m.timestamp).collect::<Vec<_>>(), [0, 2]);
    // On a stream that does not publish it is not even looked at.
    raw.message(6, kind::AGGREGATE, 9, b"x").unwrap();
    let result = raw.message(6, kind::AGGREGATE, 1, b"x");
    assert_eq!(result, Err(SessionError::Message(MessageError::BadAggregate { at: 0 })));
}

#[test]
fn a_held_error_is_reported_by_the_next_call() {
    let mut raw = Raw::connected();
    raw.command(0, "createStream", 2.0, Value::Null, vec![]).unwrap();
    raw.command(1, "publish", 3.0, Value::Null, vec![Value::string("cam")]).unwrap();
    // While the decision is awaited a broken chunk arrives; it is looked at afterwards.
    raw.bytes(&[0xC9, 0, 0]).unwrap();
    assert!(raw.server.accept_publish(at(1), 1));
    raw.collect();
    assert!(raw.server.poll_timeout().unwrap() <= at(1));
    assert_eq!(code(raw.server.handle_timeout(at(1))), "RTMP_NO_PREVIOUS_HEADER");
    assert_eq!(code(raw.bytes(&[1])), "RTMP_NO_PREVIOUS_HEADER");
}

#[test]
fn input_held_for_a_decision_is_bounded_and_not_lost() {
    let mut raw = Raw::connected();
    raw.command(0, "createStream", 2.0, Value::Null, vec![]).unwrap();
    raw.command(1, "publish", 3.0, Value::Null, vec![Value::string("cam")]).unwrap();
    raw.message(4, kind::AUDIO, 1, b"early").unwrap();
    assert!(!raw.server.wants_input());
    raw.take_events();
    assert!(raw.server.accept_publish(at(1), 1));
    raw.collect();
    assert_eq!(media(&mut raw)[0].body, "early");

    let mut raw = Raw::connected();
    raw.command(0, "createStream", 2.0, Value::Null, vec![]).unwrap();
    raw.command(1, "publish", 3.0, Value::Null, vec![Value::string("cam")]).unwrap();
    let error = (0..17).find_map(|_| raw.bytes(&[0; 4096]).err()).unwrap();
    assert_eq!(error, SessionError::TooMuchHeld);
}
