//! Writes the seeds of every target to `corpus/`: conversations of our own client, and real encoders' output, cut to size.
//!
//! `cargo run --manifest-path crates/fuzz/Cargo.toml --example seeds`, when a protocol or a target's input format changes.

use bytes::Bytes;
use rtmp_gateway_flv::{Packet, parse_audio, parse_video};
use rtmp_gateway_media::h264::nal_units;
use rtmp_gateway_media::{AacConfig, H264Config, OpusConfig};
use rtmp_gateway_rtmp::RandomBytes;
use rtmp_gateway_rtmp::amf0::{Value, encode_all};
use rtmp_gateway_rtmp::chunk::{MediaKind, write_message};
use rtmp_gateway_rtmp::handshake::HandshakeForm;
use rtmp_gateway_rtmp::message::{command::Command, kind};
use rtmp_gateway_rtmp::session::client::{ClientConfig, ClientOutput, ClientSession, Intent};
use rtmp_gateway_rtmp::session::server::{Event, Output, ServerConfig, ServerSession};
use rtmp_gateway_rtp::h264::{InBandParameterSets, Packetizer};
use rtmp_gateway_rtp::{Element, HeaderExtension, RtpHeader, RtpPacket};
use rtmp_gateway_testkit::fixtures::{BASELINE_AAC_FLV, BFRAMES_FLV, PYRAMID_REF4_FLV, flv_tags};
use std::path::Path;
use std::time::Instant;

/// C0, C1 and C2.
const HANDSHAKE: usize = 1 + 2 * 1536;

fn save(target: &str, name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    std::fs::create_dir_all(&folder).expect("a folder for the corpus");
    std::fs::write(folder.join(name), bytes).expect("a seed");
}

fn with_head(head: &[u8], bytes: &[u8]) -> Vec<u8> {
    [head, bytes].concat()
}

/// Carries bytes between a client and a server until both are silent; returns what the client sent.
fn converse(client: &mut ClientSession, server: &mut ServerSession, now: Instant) -> Vec<u8> {
    let mut sent = Vec::new();
    loop {
        let mut moved = false;
        while let Some(output) = client.poll_output() {
            if let ClientOutput::Transmit(bytes) = output {
                sent.extend_from_slice(&bytes);
                server.handle_input(now, &bytes).expect("our own client");
                moved = true;
            }
        }
        while let Some(output) = server.poll_output() {
            match output {
                Output::Transmit(bytes) => {
                    client.handle_input(now, &bytes).expect("our own server");
                    moved = true;
                }
                Output::Event(Event::PublishRequested(request)) => {
                    server.accept_publish(now, request.message_stream_id);
                }
                Output::Event(Event::PlayRequested(request)) => {
                    server.accept_play(now, request.message_stream_id);
                }
                Output::Event(_) => {}
            }
        }
        if !moved {
            return sent;
        }
    }
}

fn conversation(config: ClientConfig) -> Vec<u8> {
    let now = Instant::now();
    let publishes = config.intent == Intent::Publish;
    let mut client = ClientSession::new(config, now, RandomBytes::new([2; 32]));
    let mut server = ServerSession::new(ServerConfig::default(), now, RandomBytes::new([1; 32]));
    let mut sent = converse(&mut client, &mut server, now);
    if publishes {
        for index in 0..3u32 {
            client.send_media(MediaKind::Video, 0x00FF_FFF0 + 9 * index, &[index as u8; 300]);
            client.send_media(MediaKind::Audio, 0x00FF_FFF0 + 9 * index, &[index as u8; 30]);
        }
    }
    sent.extend(converse(&mut client, &mut server, now));
    client.stop();
    sent.extend(converse(&mut client, &mut server, now));
    sent
}

/// What real clients rarely send.
fn oddities() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut add = |id: u32, type_id: u8, stream: u32, body: &[u8]| {
        write_message(128, id, 0, type_id, stream, body, &mut bytes);
    };
    let command = |name: &str, arguments| Command::new(name, 2.0, Value::Null, arguments).encode();
    let object = Value::object([("app", Value::string("room")), ("tcUrl", Value::string("rtmp://h/room"))]);
    add(3, kind::COMMAND_AMF0, 0, &encode_all(&[Value::string("connect"), Value::Number(1.0), object]));
    add(3, kind::COMMAND_AMF0, 0, &command("createStream", vec![]));
    add(3, kind::COMMAND_AMF0, 1, &command("publish", vec![Value::string("cam")]));
    let tag = [9u8, 0, 0, 2, 0, 0, 5, 0, 0, 0, 0, 1, 2, 0, 0, 0, 13];
    add(6, kind::AGGREGATE, 1, &tag.repeat(3));
    add(2, kind::ABORT, 0, &[0, 0, 0, 6]);
    add(2, kind::SET_PEER_BANDWIDTH, 0, &[0, 0, 1, 0, 2]);
    add(2, kind::WINDOW_ACK_SIZE, 0, &[0, 0, 0, 1]);
    add(2, kind::USER_CONTROL, 0, &[0, 3, 0, 0, 0, 1, 0, 0, 0, 9]);
    add(2, kind::USER_CONTROL, 0, &[0, 6, 0, 0, 0, 1]);
    for name in ["pause", "seek", "getStreamLength", "FCUnpublish", "closeStream", "noSuchCommand"] {
        add(3, kind::COMMAND_AMF0, 1, &command(name, vec![Value::string("cam")]));
    }
    add(70, 99, 1, b"unknown");
    add(2, kind::SET_CHUNK_SIZE, 0, &[0, 0, 0, 64]);
    bytes
}

fn rtmp() {
    let config = |intent| ClientConfig { out_chunk_size: 128, ..ClientConfig::new(intent, "h", "room?k=1", "cam?t=2") };
    let talks = [
        ("publish", conversation(config(Intent::Publish))),
        ("play", conversation(config(Intent::Play))),
        ("publish-amf3", conversation(ClientConfig { amf3: true, ..config(Intent::Publish) })),
        ("digest-0", conversation(ClientConfig { handshake: HandshakeForm::Digest0, ..config(Intent::Play) })),
        ("digest-1", conversation(ClientConfig { handshake: HandshakeForm::Digest1, ..config(Intent::Play) })),
    ];
    for (name, bytes) in &talks {
        let (handshake, rest) = bytes.split_at(HANDSHAKE);
        // The digest covers C1; what differs after it is said by the other seeds.
        if *name != "publish-amf3" && *name != "play" {
            save("handshake", name, &with_head(&[255], handshake));
        }
        if !name.starts_with("digest") {
            save("chunk_reader", name, &with_head(&[0x41], rest));
            save("session", name, &with_head(&[40, 0x55, 0x55, 0x55, 0x55], rest));
        }
    }
    save("chunk_reader", "oddities", &with_head(&[0x40], &oddities()));
    save("session", "oddities", &with_head(&[3, 0x55, 0x55, 0x55, 0x55], &oddities()));
    let metadata =
        Value::EcmaArray(vec![("width".into(), Value::Number(640.0)), ("stereo".into(), Value::Boolean(true))]);
    save("amf0", "metadata", &encode_all(&[Value::string("@setDataFrame"), Value::string("onMetaData"), metadata]));
    let nested = Value::object([("k", Value::StrictArray(vec![Value::Date(1.0), Value::Null, Value::Undefined]))]);
    save("amf0", "command", &Command::new("connect", 1.0, nested, vec![Value::ByteArray(vec![1; 5])]).encode());
    save(
        "amf3",
        "array-and-object",
        &[
            0x09, 0x05, 0x03, b'k', 0x04, 0x07, 0x01, 0x05, 0, 0, 0, 0, 0, 0, 0, 0, 0x0A, 0x0B, 0x01, 0x03, b'a', 0x06,
            0x00, 0x01,
        ],
    );
    save(
        "amf3",
        "command",
        &[&[0u8][..], &Command::new("play", 0.0, Value::Null, vec![Value::string("cam")]).encode()].concat(),
    );
    save(
        "amf3",
        "vector-and-dictionary",
        &[
            0x0D, 0x03, 0, 0, 0, 0, 1, 0x11, 0x03, 0x00, 0x04, 7, 0x01, 0x08, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0x0C, 0x05,
            1, 2,
        ],
    );
}

fn media() {
    for (name, file) in [("baseline", BASELINE_AAC_FLV), ("b-frames", BFRAMES_FLV), ("pyramid", PYRAMID_REF4_FLV)] {
        let tags = flv_tags(file);
        let shortest = |kind: u8| {
            tags.iter().filter(|tag| tag.kind == kind && tag.body.len() > 20).min_by_key(|tag| tag.body.len())
        };
        for tag in [shortest(8), shortest(9), tags.iter().find(|tag| tag.kind == 18)].into_iter().flatten() {
            save("flv_tags", &format!("{name}-{}", tag.kind), &tag.body);
        }
        let config =
            tags.iter().filter(|tag| tag.kind == 9).find_map(|tag| match parse_video(&tag.body).ok()?.packet {
                Packet::Config { record, .. } => H264Config::parse(record).ok(),
                _ => None,
            });
        if let Some(config) = config {
            save("avc_config_sps", &format!("{name}-record"), config.record());
            save("avc_config_sps", &format!("{name}-sps"), &config.sps()[0]);
            save("avc_config_sps", &format!("{name}-pps"), &config.pps()[0]);
            depacketizer(
                name,
                &tags.iter().filter(|tag| tag.kind == 9).map(|tag| tag.body.clone()).collect::<Vec<_>>(),
                &config,
            );
        }
        for tag in tags.iter().filter(|tag| tag.kind == 8) {
            if let Ok(Packet::Config { record, .. }) = parse_audio(&tag.body).map(|parsed| parsed.packet) {
                save("audio_specific_config", &format!("{name}-aac"), &record);
            }
        }
    }
    save("flv_tags", "hevc-sequence-start", &[&[0x90][..], b"hvc1", &[1; 23]].concat());
    save("flv_tags", "opus-frame", &[&[0x91][..], b"Opus", &[0xFC, 1, 2]].concat());
    save("audio_specific_config", "he-aac", &[0x2B, 0x92, 0x08, 0x00]);
    save("audio_specific_config", "mono-16000", AacConfig::lc(16_000, 1).expect("a config").record());
    save("audio_specific_config", "opus", &OpusConfig { channels: 2, pre_skip: 312 }.head());
}

/// A keyframe with parameter sets and a following frame, as payloads with their two-byte heads.
fn depacketizer(name: &str, bodies: &[Bytes], config: &H264Config) {
    let packetizer = Packetizer::new(Default::default(), 600);
    let mut units = bodies.iter().filter_map(|body| match parse_video(body).ok()?.packet {
        Packet::Frame { payload, keyframe, .. } => Some((payload, keyframe)),
        _ => None,
    });
    let (Some(key), Some(next)) = (units.next(), units.next()) else { return };
    let mut bytes = Vec::new();
    for (payload, keyframe) in [key, next] {
        let sets = keyframe.then_some(InBandParameterSets { sps: config.sps(), pps: config.pps() });
        if nal_units(&payload, 4).any(|nal| nal.is_err()) {
            return;
        }
        for packet in packetizer.packetize(&payload, 4, sets).expect("a real frame") {
            let length = packet.payload.len();
            bytes.extend([length as u8, (length >> 8) as u8 & 7 | if packet.marker { 0x80 } else { 0 }]);
            bytes.extend_from_slice(&packet.payload);
        }
    }
    save("h264_depacketizer", name, &bytes);
}

fn rtp() {
    let packet = |extension, padding| RtpPacket {
        header: RtpHeader {
            marker: true,
            payload_type: 96,
            sequence_number: 65_535,
            timestamp: 7,
            ssrc: 9,
            csrc: Vec::new().into(),
            extension,
        },
        payload: Bytes::from_static(&[0x7C, 0x85, 1, 2, 3]),
        padding,
    };
    let extension =
        HeaderExtension::from_elements(&[Element { id: 3, data: &[1, 2] }, Element { id: 20, data: &[4; 17] }]);
    for (name, packet) in
        [("plain", packet(None, 0)), ("padded", packet(None, 4)), ("extended", packet(extension.ok(), 0))]
    {
        let mut bytes = Vec::new();
        packet.write(&mut bytes).expect("a packet");
        save("rtp_packet", name, &bytes);
    }
    save("rtp_packet", "opus", &[0xFC, 0xFF, 0xFE]);
    // `arbitrary` reads these as it likes: any bytes are a run.
    save("jitter_buffer", "ramp", &(0..=255).collect::<Vec<u8>>());
    save("jitter_buffer", "falling", &(0..=255).rev().collect::<Vec<u8>>());
}

fn sdp() {
    let offer = concat!(
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=msid-semantic: WMS\r\n",
        "m=video 9 UDP/TLS/RTP/SAVPF 102 103\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n",
        "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n",
        "a=setup:actpass\r\na=mid:0\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:102 H264/90000\r\na=rtcp-fb:102 nack\r\n",
        "a=rtcp-fb:102 nack pli\r\na=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n",
        "a=rtpmap:103 rtx/90000\r\na=fmtp:103 apt=102\r\n",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n",
        "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n",
        "a=setup:actpass\r\na=mid:1\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n",
    );
    save("sdp_offer", "viewer", &with_head(&[0], offer.as_bytes()));
    save("sdp_offer", "publisher", &with_head(&[4], offer.replace("recvonly", "sendonly").as_bytes()));
}

fn main() {
    rtmp();
    media();
    rtp();
    sdp();
}
