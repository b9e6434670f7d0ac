//! Property tests: what is written is read again, whatever the sizes, formats, order and fragments.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rtmp_gateway_rtmp::amf0::{Value, decode_all, encode_all};
use rtmp_gateway_rtmp::amf3;
use rtmp_gateway_rtmp::chunk::{
    ChunkReader, MediaHeader, MediaKind, RawMessage, ReaderLimits, media_pieces, write_message,
};
use rtmp_gateway_rtmp::message::aggregate;

/// Reads `bytes` in pieces whose sizes repeat `cuts`.
fn read(chunk_size: u32, bytes: &[u8], cuts: &[usize]) -> Vec<RawMessage> {
    let mut reader = ChunkReader::new(ReaderLimits::PUBLISHER);
    reader.set_chunk_size(chunk_size).unwrap();
    let mut messages = Vec::new();
    let (mut rest, mut cuts) = (bytes, cuts.iter().cycle());
    while !rest.is_empty() {
        let (mut piece, tail) = rest.split_at(rest.len().min(*cuts.next().unwrap_or(&1)));
        rest = tail;
        loop {
            let (taken, message) = reader.read(piece).unwrap();
            piece = &piece[taken..];
            match message {
                Some(message) => messages.push(message),
                None => break,
            }
        }
        assert!(piece.is_empty());
    }
    assert_eq!(reader.pending(), 0);
    messages
}

fn message() -> impl Strategy<Value = RawMessage> {
    let id = prop_oneof![2u32..10, 60u32..70, 316u32..324, 65_590u32..=65_599];
    let timestamp = prop_oneof![any::<u32>(), 0u32..100, 0xFF_FFF0u32..0x100_0010, 0xFFFF_FF00u32..=0xFFFF_FFFF];
    let body = prop_oneof![
        proptest::collection::vec(any::<u8>(), 1..20),
        proptest::collection::vec(any::<u8>(), 120..140),
        proptest::collection::vec(any::<u8>(), 1..3_000),
    ];
    (id, timestamp, 7u8..=255, any::<u32>(), body).prop_map(|(chunk_stream_id, timestamp, type_id, stream, body)| {
        RawMessage { chunk_stream_id, timestamp, type_id, message_stream_id: stream, body: body.into() }
    })
}

/// The chunks of a message with a header as small as the one before on the same chunk stream allows, as compressing
/// senders do. Extended timestamps are repeated, or not.
fn compressed(
    previous: Option<&(RawMessage, u32)>,
    m: &RawMessage,
    chunk_size: u32,
    repeat: bool,
) -> (Vec<Vec<u8>>, u32) {
    let length = &(m.body.len() as u32).to_be_bytes()[1..];
    let (format, time) = match previous {
        Some((p, _)) if p.message_stream_id != m.message_stream_id => (0, m.timestamp),
        None => (0, m.timestamp),
        Some((p, last)) => {
            let delta = m.timestamp.wrapping_sub(p.timestamp);
            if p.body.len() != m.body.len() || p.type_id != m.type_id {
                (1, delta)
            } else if delta != *last || delta >= 0xFF_FFFF {
                (2, delta)
            } else {
                (3, delta)
            }
        }
    };
    let short = &time.min(0xFF_FFFF).to_be_bytes()[1..];
    let mut header = match m.chunk_stream_id {
        id @ 0..64 => vec![format << 6 | id as u8],
        id @ 64..320 => vec![format << 6, (id - 64) as u8],
        id => vec![format << 6 | 1, (id - 64) as u8, ((id - 64) >> 8) as u8],
    };
    let mut next = header.clone();
    next[0] |= 0xC0;
    match format {
        0 => header.extend([short, length, &[m.type_id], &m.message_stream_id.to_le_bytes()].concat()),
        1 => header.extend([short, length, &[m.type_id]].concat()),
        2 => header.extend(short),
        _ => {}
    }
    if time >= 0xFF_FFFF {
        header.extend(time.to_be_bytes());
        if repeat {
            next.extend(time.to_be_bytes());
        }
    }
    let mut chunks = Vec::new();
    for piece in m.body.chunks(chunk_size as usize) {
        chunks.push([&header[..], piece].concat());
        header.clone_from(&next);
    }
    (chunks, time)
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<f64>().prop_filter("NaN differs from itself", |n| !n.is_nan()).prop_map(Value::Number),
        any::<bool>().prop_map(Value::Boolean),
        ".{0,40}".prop_map(Value::String),
        Just(Value::Null),
        Just(Value::Undefined),
        (0f64..1e12).prop_map(Value::Date),
        ".{0,10}".prop_map(Value::Xml),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::ByteArray),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let pairs = proptest::collection::vec((".{0,12}", inner.clone()), 0..6);
        prop_oneof![
            pairs.clone().prop_map(Value::Object),
            pairs.prop_map(Value::EcmaArray),
            proptest::collection::vec(inner, 0..6).prop_map(Value::StrictArray),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn messages_survive_writer_and_reader(
        messages in proptest::collection::vec(message(), 1..8),
        chunk_size in prop_oneof![1u32..5, 100u32..300, 4096u32..70_000],
        cuts in proptest::collection::vec(1usize..400, 1..8),
    ) {
        let mut bytes = Vec::new();
        for m in &messages {
            write_message(chunk_size, m.chunk_stream_id, m.timestamp, m.type_id, m.message_stream_id, &m.body, &mut bytes);
        }
        prop_assert_eq!(read(chunk_size, &bytes, &cuts), messages);
    }

    #[test]
    fn compressed_and_interleaved_messages_are_read(
        streams in proptest::collection::vec(proptest::collection::vec(message(), 1..5), 1..5),
        chunk_size in prop_oneof![1u32..5, 100u32..300],
        cuts in proptest::collection::vec(1usize..400, 1..8),
        order in proptest::collection::vec(any::<usize>(), 20),
        repeat in any::<bool>(),
    ) {
        // One chunk stream a list; timestamps on it move by deltas of a day at most, so that both ends agree.
        let mut queues = Vec::new();
        let mut expected = Vec::new();
        for (index, list) in streams.into_iter().enumerate() {
            let mut previous: Option<(RawMessage, u32)> = None;
            let mut chunks = Vec::new();
            for mut m in list {
                m.chunk_stream_id = index as u32 * 100 + 3;
                m.message_stream_id = 1;
                if let Some((p, _)) = &previous {
                    m.timestamp = p.timestamp.wrapping_add(m.timestamp % 86_400_000);
                }
                let (pieces, time) = compressed(previous.as_ref(), &m, chunk_size, repeat);
                chunks.extend(pieces);
                expected.push(m.clone());
                previous = Some((m, time));
            }
            queues.push(chunks.into_iter());
        }
        let mut bytes = Vec::new();
        let mut order = order.iter().cycle();
        while !queues.is_empty() {
            let index = order.next().unwrap_or(&0) % queues.len();
            match queues[index].next() {
                Some(chunk) => bytes.extend(chunk),
                None => drop(queues.swap_remove(index)),
            }
        }
        let mut got = read(chunk_size, &bytes, &cuts);
        got.sort_by_key(|m| m.chunk_stream_id);
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn media_pieces_are_read_as_one_message(
        length in 1usize..5_000, chunk_size in 1usize..2_000, timestamp in any::<u32>(), stream in any::<u32>(),
    ) {
        let body = Bytes::from(vec![0x5A; length]);
        let header = MediaHeader::new(stream, MediaKind::Video, timestamp, length);
        let mut bytes = Vec::new();
        for (header, slice) in media_pieces(header, &body, chunk_size) {
            bytes.extend_from_slice(&header);
            bytes.extend_from_slice(&slice);
        }
        let got = read(chunk_size as u32, &bytes, &[333]);
        prop_assert_eq!(got.len(), 1);
        prop_assert_eq!((got[0].timestamp, got[0].message_stream_id, &got[0].body), (timestamp, stream, &body));
    }

    #[test]
    fn amf0_values_survive(values in proptest::collection::vec(value(), 0..4)) {
        prop_assert_eq!(decode_all(&encode_all(&values)).map_err(|e| e.to_string()), Ok(values));
    }

    #[test]
    fn arbitrary_bytes_are_no_danger(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode_all(&bytes);
        let _ = amf3::Decoder::new(&bytes).value();
        let _ = aggregate::split(&Bytes::from(bytes), 0);
    }
}
