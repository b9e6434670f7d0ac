//! A seeded mutation runner over recorded client conversations: no panic, no endless loop, bounded memory and answers.
//!
//! The corpus is made by the client session and by hand-written messages, so that it follows the code. Every run is
//! the same: the seeds are fixed. The nightly fuzzer goes deeper.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod common;

use bytes::Bytes;
use common::{Pair, at, connect_object, drain, drain_client, handshake, metadata, server, start};
use rtmp_gateway_rtmp::RandomBytes;
use rtmp_gateway_rtmp::amf0::{self, Value, encode_all};
use rtmp_gateway_rtmp::amf3;
use rtmp_gateway_rtmp::chunk::{ChunkReader, MediaKind, ReaderLimits, write_message};
use rtmp_gateway_rtmp::handshake::{HandshakeForm, ServerHandshake};
use rtmp_gateway_rtmp::limits::{MAX_PENDING_PUBLISHER, MAX_PENDING_UNTRUSTED, MAX_REFUSED_COMMANDS};
use rtmp_gateway_rtmp::message::command::Command;
use rtmp_gateway_rtmp::message::kind;
use rtmp_gateway_rtmp::session::client::{ClientConfig, ClientOutput, Intent};
use rtmp_gateway_rtmp::session::server::Event;

/// xorshift64*: small, seeded, good enough to choose mutations.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % sides.max(1)
    }

    /// One to four mutations of `seed`; `from` protects its beginning.
    fn mutate(&mut self, seed: &[u8], from: usize) -> Vec<u8> {
        const TELLING: [u8; 10] = [0x00, 0x01, 0x7F, 0x80, 0xFF, 0xC3, 0x03, 0x02, 0x0A, 0x11];
        let mut bytes = seed.to_vec();
        for _ in 0..=self.roll(4) {
            let span = bytes.len().saturating_sub(from);
            if span == 0 {
                break;
            }
            let at = from + self.roll(span);
            let run = self.roll(12).min(bytes.len() - at);
            match self.roll(8) {
                0 => bytes[at] ^= 1 << self.roll(8),
                1 => bytes[at] = TELLING[self.roll(TELLING.len())],
                2 => bytes.truncate(at),
                3 => drop(bytes.drain(at..at + run)),
                4 => bytes.splice(at..at, vec![TELLING[self.roll(TELLING.len())]; run]).for_each(drop),
                5 => {
                    let copy = bytes[at..at + run].to_vec();
                    bytes.splice(at..at, copy).for_each(drop);
                }
                6 => bytes[at..at + run].fill(0xFF),
                _ => {
                    let other = from + self.roll(span);
                    bytes.swap(at, other);
                }
            }
        }
        bytes
    }
}

/// Everything a client sends in a conversation that succeeds.
fn conversation(config: ClientConfig) -> Vec<u8> {
    let mut pair = Pair::new(config.clone(), 4096);
    let mut sent = Vec::new();
    let mut turn = |pair: &mut Pair| {
        loop {
            let (to_server, _) = drain_client(&mut pair.client);
            sent.extend_from_slice(&to_server);
            pair.server.handle_input(start(), &to_server).unwrap();
            let (to_client, events) = drain(&mut pair.server);
            for event in events {
                match event {
                    Event::PublishRequested(r) => pair.server.accept_publish(start(), r.message_stream_id),
                    Event::PlayRequested(r) => pair.server.accept_play(start(), r.message_stream_id),
                    _ => continue,
                };
            }
            let more = drain(&mut pair.server).0;
            pair.client.handle_input(start(), &[to_client, more.clone()].concat()).unwrap();
            if to_server.is_empty() && more.is_empty() {
                break;
            }
        }
    };
    turn(&mut pair);
    if config.intent == Intent::Publish {
        pair.client.send_media(MediaKind::Data, 0, &[&b"\x02\x00\x0D@setDataFrame"[..], &metadata()].concat());
        for index in 0..4u32 {
            pair.client.send_media(MediaKind::Video, 0x00FF_FFF0 + 9 * index, &[index as u8; 400]);
            pair.client.send_media(MediaKind::Audio, 0x00FF_FFF0 + 9 * index, &[index as u8; 30]);
        }
    } else {
        pair.client.send_command(1, "pause", vec![Value::Boolean(true), Value::Number(1.0)]);
        pair.client.send_command(1, "seek", vec![Value::Number(1.0)]);
        pair.client.send_command(1, "receiveAudio", vec![Value::Boolean(false)]);
    }
    turn(&mut pair);
    pair.client.stop();
    turn(&mut pair);
    sent
}

/// All that is rarely sent, in one go.
fn oddities() -> Vec<u8> {
    let mut bytes = handshake();
    let mut add = |id: u32, type_id: u8, stream: u32, body: &[u8]| {
        write_message(128, id, 0, type_id, stream, body, &mut bytes);
    };
    let command = |name: &str, arguments| Command::new(name, 2.0, Value::Null, arguments).encode();
    add(3, kind::COMMAND_AMF0, 0, &encode_all(&[Value::string("connect"), Value::Number(1.0), connect_object("room")]));
    add(3, kind::COMMAND_AMF0, 0, &command("createStream", vec![]));
    add(3, kind::COMMAND_AMF0, 1, &command("publish", vec![Value::string("cam")]));
    let tag = [9u8, 0, 0, 2, 0, 0, 5, 0, 0, 0, 0, 1, 2, 0, 0, 0, 13];
    add(6, kind::AGGREGATE, 1, &tag.repeat(5));
    add(2, kind::ABORT, 0, &[0, 0, 0, 6]);
    add(2, kind::SET_PEER_BANDWIDTH, 0, &[0, 0, 1, 0, 2]);
    add(2, kind::WINDOW_ACK_SIZE, 0, &[0, 0, 0, 1]);
    add(2, kind::USER_CONTROL, 0, &[0, 3, 0, 0, 0, 1, 0, 0, 0, 9]);
    add(2, kind::USER_CONTROL, 0, &[0, 6, 0, 0, 0, 1]);
    add(5, kind::DATA_AMF3, 1, &[&[0][..], &metadata()].concat());
    for name in ["getStreamLength", "_checkbw", "FCSubscribe", "FCUnpublish", "closeStream", "noSuchCommand"] {
        add(3, kind::COMMAND_AMF0, 1, &command(name, vec![Value::string("cam")]));
    }
    add(70, 99, 1, b"unknown");
    add(2, kind::SET_CHUNK_SIZE, 0, &[0, 0, 0, 64]);
    bytes
}

fn conversations() -> Vec<Vec<u8>> {
    let config = |intent| ClientConfig { out_chunk_size: 128, ..ClientConfig::new(intent, "h", "room?k=1", "cam?t=2") };
    vec![
        conversation(config(Intent::Publish)),
        conversation(config(Intent::Play)),
        conversation(ClientConfig { amf3: true, out_chunk_size: 200, ..config(Intent::Publish) }),
        conversation(ClientConfig { handshake: HandshakeForm::Digest0, ..config(Intent::Play) }),
        oddities(),
    ]
}

#[test]
fn hostile_25_mutated_conversations_end_in_order() {
    let corpus = conversations();
    let mut dice = Dice(0x5EED);
    let (mut errors, mut media) = (0u32, 0u32);
    for round in 0..6_000 {
        // The handshake has a test of its own; mostly it should succeed here.
        let from = if dice.roll(20) == 0 { 0 } else { 1 + 2 * 1536 };
        let bytes = dice.mutate(&corpus[round % corpus.len()], from);
        let mut server = server();
        let (mut rest, mut answered, mut refused) = (&bytes[..], 0, 0);
        let mut millisecond = 0;
        while !rest.is_empty() {
            let (piece, tail) = rest.split_at(1 + dice.roll(rest.len().min(3_200)));
            rest = tail;
            millisecond += 1;
            let result = server.handle_input(at(millisecond), piece);
            while let (transmit, events) = drain(&mut server)
                && !(transmit.is_empty() && events.is_empty())
            {
                answered += transmit.len();
                for event in events {
                    match event {
                        Event::PublishRequested(r) if dice.roll(4) > 0 => {
                            assert!(server.accept_publish(at(millisecond), r.message_stream_id));
                        }
                        Event::PublishRequested(r) => {
                            assert!(server.reject_publish(at(millisecond), r.message_stream_id, "c", "d"));
                        }
                        Event::PlayRequested(r) => {
                            assert!(server.accept_play(at(millisecond), r.message_stream_id));
                        }
                        Event::Refused(r) => {
                            refused += 1;
                            assert!(r.detail.bytes().all(|b| (0x20..0x7F).contains(&b)));
                        }
                        Event::Media(_) => media += 1,
                        _ => {}
                    }
                }
            }
            assert!(server.poll_output().is_none());
            if result.is_err() || server.handle_timeout(at(millisecond)).is_err() {
                errors += 1;
                assert!(!server.wants_input() && server.handle_input(at(millisecond), b"x").is_err());
                break;
            }
        }
        assert!(refused <= MAX_REFUSED_COMMANDS + 1);
        assert!(answered <= 8_000 + 10 * bytes.len(), "{answered} bytes answered to {}", bytes.len());
        server.close(at(millisecond), rtmp_gateway_rtmp::session::server::CloseReason::ServerShutdown);
    }
    // The mutations must neither all break at once nor all pass.
    assert!(errors > 500 && media > 5_000, "{errors} errors, {media} media messages");
}

#[test]
fn hostile_25_random_bytes_end_in_order() {
    let mut dice = Dice(0xD1CE);
    for _ in 0..2_000 {
        let mut server = server();
        server.handle_input(start(), &handshake()).unwrap();
        let bytes: Vec<u8> = (0..600).map(|_| dice.roll(256) as u8).collect();
        for piece in bytes.chunks(1 + dice.roll(100)) {
            if server.handle_input(start(), piece).is_err() {
                break;
            }
            drain(&mut server);
        }
    }
}

#[test]
fn mutated_handshakes_are_answered_or_refused() {
    let corpus = [HandshakeForm::Plain, HandshakeForm::Digest0, HandshakeForm::Digest1].map(|handshake| {
        let config = ClientConfig { handshake, ..ClientConfig::new(Intent::Play, "h", "a", "b") };
        let Some(ClientOutput::Transmit(bytes)) = common::client(config).poll_output() else { panic!("no C0") };
        bytes
    });
    let mut dice = Dice(7);
    for round in 0..1_500 {
        let bytes = dice.mutate(&corpus[round % 3], 0);
        let mut handshake = ServerHandshake::new(RandomBytes::new([0; 32]));
        let mut out = Vec::new();
        for piece in bytes.chunks(1 + dice.roll(1600)) {
            if handshake.input(piece, &mut out).is_err() {
                break;
            }
        }
        assert!(out.is_empty() || out.len() == 1 + 2 * 1536);
    }
}

#[test]
fn mutated_chunks_stay_within_their_limits() {
    let corpus: Vec<_> = conversations().into_iter().map(|bytes| bytes[1 + 2 * 1536..].to_vec()).collect();
    let mut dice = Dice(99);
    for round in 0..6_000 {
        let bytes = dice.mutate(&corpus[round % corpus.len()], 0);
        let (limits, most) = match round % 2 {
            0 => (ReaderLimits::UNTRUSTED, MAX_PENDING_UNTRUSTED),
            _ => (ReaderLimits::PUBLISHER, MAX_PENDING_PUBLISHER),
        };
        let mut reader = ChunkReader::new(limits);
        let (mut rest, mut given) = (&bytes[..], 0);
        'pieces: while !rest.is_empty() {
            let (mut piece, tail) = rest.split_at(1 + dice.roll(rest.len().min(500)));
            rest = tail;
            given += piece.len();
            loop {
                let Ok((taken, message)) = reader.read(piece) else { break 'pieces };
                piece = &piece[taken..];
                assert!(reader.pending() <= most && reader.pending() <= 2 * given);
                match message {
                    Some(m) if m.type_id == kind::SET_CHUNK_SIZE && m.body.len() >= 4 => {
                        let size = u32::from_be_bytes([m.body[0], m.body[1], m.body[2], m.body[3]]);
                        if reader.set_chunk_size(size).is_err() {
                            break 'pieces;
                        }
                    }
                    Some(m) if m.type_id == kind::ABORT => reader.abort(6),
                    Some(_) => {}
                    None => break,
                }
            }
            assert!(piece.is_empty());
        }
    }
}

#[test]
fn mutated_amf_is_decoded_or_refused() {
    let deep = (0..6).fold(Value::Date(1.0), |v, _| Value::object([("k", Value::StrictArray(vec![v]))]));
    let corpus = [
        encode_all(&[Value::string("connect"), Value::Number(1.0), connect_object("room")]),
        metadata().to_vec(),
        encode_all(&[deep, Value::ByteArray(vec![1; 20]), Value::Xml("<x/>".into())]),
        vec![0x11, 0x0A, 0x1B, 0x03, b'C', 0x03, b'a', 0x04, 0x01, 0x03, b'd', 0x06, 0x00, 0x01],
        vec![
            0x11, 0x09, 0x05, 0x03, b'k', 0x11, 0x03, 0x00, 0x04, 7, 0x01, 0x01, 0x0D, 0x03, 0, 0, 0, 0, 1, 0x0A, 0x00,
        ],
    ];
    let mut dice = Dice(42);
    let mut fine = 0;
    for round in 0..60_000 {
        let bytes = dice.mutate(&corpus[round % corpus.len()], 0);
        if let Ok(values) = amf0::decode_all(&bytes) {
            fine += 1;
            // What was decoded can be said again, and is then understood the same way (NaN apart).
            let again = amf0::decode_all(&encode_all(&values)).unwrap_or_else(|e| panic!("{e}: {values:?}"));
            assert_eq!(format!("{again:?}"), format!("{values:?}"));
        }
        let _ = amf3::Decoder::new(&bytes).value();
        let _ = Command::parse(&bytes, round % 2 == 0);
        let _ = rtmp_gateway_rtmp::message::data::playable(&Bytes::from(bytes), true);
    }
    assert!(fine > 1_000, "{fine}");
}
