//! HOSTILE rows of RTMP, AMF and FLV against the engine over real sockets, each beside a bystander stream that loses no frame.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::{Gateway, Peer, Publisher, options, until, video, video_config};
use rtmp_gateway_rtmp::amf0::Value;
use rtmp_gateway_rtmp::chunk::{MediaKind, write_message};
use rtmp_gateway_rtmp::session::client::{ClientEvent, Intent};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Runs `attack` while a stream plays; then its player must have every frame, no session of ours may have panicked, and
/// every connection of the attack must be gone.
fn beside_a_bystander(attack: impl FnOnce(&Gateway)) {
    let gateway = Gateway::start(options());
    let mut publisher = Publisher::start(gateway.rtmp(), "bystander/cam");
    let mut player = Peer::play(gateway.rtmp(), "bystander/cam");
    gateway.until_playing("cam", 1);
    let (stop, stopped) = std::sync::mpsc::channel();
    let sender = std::thread::spawn(move || {
        while stopped.recv_timeout(Duration::from_millis(5)).is_err() {
            publisher.send(1);
        }
        publisher
    });
    attack(&gateway);
    stop.send(()).unwrap();
    let mut publisher = sender.join().unwrap();
    publisher.send(1);
    let last = publisher.next - 1;
    player.until("the bystander's last frame", |p| p.has_number(MediaKind::Audio, last));
    let all: Vec<u32> = (0..=last).collect();
    assert!(player.numbers(MediaKind::Video) == all, "the bystander lost frames");
    assert_eq!(gateway.engine.panics(), 0);
    until("the attack's connections to be gone", || (gateway.connections().len() == 2).then_some(()));
}

/// A client past its handshake, for chunks of our own making.
fn shaken(gateway: &Gateway) -> TcpStream {
    let mut socket = TcpStream::connect(gateway.rtmp()).unwrap();
    socket.set_read_timeout(Some(common::PATIENCE)).unwrap();
    let mut hello = vec![0; 1 + 2 * 1536];
    hello[0] = 3;
    socket.write_all(&hello).unwrap();
    socket.read_exact(&mut vec![0; 1 + 2 * 1536]).unwrap();
    socket
}

/// Reads until the gateway closes.
fn closed(socket: &mut TcpStream) {
    socket.set_read_timeout(Some(common::PATIENCE)).unwrap();
    let mut buffer = [0; 65_536];
    while matches!(socket.read(&mut buffer), Ok(length) if length > 0) {}
}

fn publisher(gateway: &Gateway, path: &str) -> Publisher {
    Publisher::start(gateway.rtmp(), path)
}

#[test]
fn hostile_01_half_open_connections_beside_a_new_publisher() {
    beside_a_bystander(|gateway| {
        let half: Vec<_> = (0..300)
            .map(|index| {
                let mut socket = TcpStream::connect(gateway.rtmp()).unwrap();
                socket.write_all(&[3; 100][..index % 100]).unwrap();
                socket
            })
            .collect();
        until("half-open connections", || (gateway.connections().len() >= 302).then_some(()));
        let start = std::time::Instant::now();
        publisher(gateway, "other/new").send(3);
        assert!(start.elapsed() < Duration::from_secs(2), "a new publisher gets in: {:?}", start.elapsed());
        let shown = gateway.connections();
        assert!(shown.iter().filter(|connection| connection.state == "handshake").count() >= 300);
        drop(half);
    });
}

#[test]
fn hostile_02_other_protocols_on_the_rtmp_port() {
    beside_a_bystander(|gateway| {
        for first in
            [&b"GET / HTTP/1.1\r\n\r\n"[..], b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", &[0], &[6], &[255; 2_000]]
        {
            let mut socket = TcpStream::connect(gateway.rtmp()).unwrap();
            socket.write_all(first).unwrap();
            closed(&mut socket);
        }
        gateway.until_logged("RTMP_BAD_VERSION");
    });
}

#[test]
fn hostile_05_to_09_control_messages_that_make_no_sense() {
    beside_a_bystander(|gateway| {
        for (type_id, body, code) in [
            (1, &[0; 4][..], "RTMP_BAD_CHUNK_SIZE"),
            (1, &[0xFF; 4], "RTMP_BAD_CHUNK_SIZE"),
            (1, &[0; 2], "RTMP_SHORT_CONTROL"),
            (5, &[], "RTMP_SHORT_CONTROL"),
        ] {
            let mut socket = shaken(gateway);
            let mut bytes = Vec::new();
            write_message(128, 2, 0, type_id, 0, body, &mut bytes);
            socket.write_all(&bytes).unwrap();
            closed(&mut socket);
            gateway.until_logged(code);
        }
    });
}

#[test]
fn hostile_11_and_13_declared_lengths_and_many_chunk_streams() {
    beside_a_bystander(|gateway| {
        let mut socket = shaken(gateway);
        // A message of 16 MiB is declared; a stranger may not.
        socket.write_all(&[4, 0, 0, 0, 0xFF, 0xFF, 0xFF, 9, 1, 0, 0, 0]).unwrap();
        closed(&mut socket);
        gateway.until_logged("RTMP_MESSAGE_TOO_LONG");
        let mut socket = shaken(gateway);
        for id in 0..=255_u8 {
            // Three-byte basic headers would reach further; 64 are enough to be refused.
            if socket.write_all(&[&[0, id, 0, 0, 0, 0, 0, 200, 8, 1, 0, 0, 0][..], &[0; 128]].concat()).is_err() {
                break;
            }
        }
        closed(&mut socket);
    });
}

#[test]
fn hostile_14_and_25_garbage_after_the_handshake() {
    beside_a_bystander(|gateway| {
        let mut random = rtmp_gateway_testkit::SeededRandom::new(25);
        let mut sockets = Vec::new();
        for _ in 0..60 {
            let mut socket = shaken(gateway);
            let length = 1 + random.below(20_000) as usize;
            // Reset by the gateway in the middle of it is as good.
            let _ = socket.write_all(&random.bytes(length));
            sockets.push(socket);
        }
        // What looks like an unfinished message stays until its deadline, or until the stranger goes.
        drop(sockets);
    });
}

#[test]
fn hostile_26_to_32_values_too_deep_cut_and_escaped_in_logs() {
    beside_a_bystander(|gateway| {
        let deep: Vec<u8> = [&b"\x02\0\x07connect\0\0\0\0\0\0\0\0\0"[..], &b"\x03\0\x01a".repeat(4_000)].concat();
        let nasty = b"\x02\0\x0bevil\r\n\x1b[31mx".to_vec();
        for body in [&deep[..], &nasty, &deep[..12], b"\x02\xff\xff"] {
            let mut socket = shaken(gateway);
            let mut bytes = Vec::new();
            write_message(128, 3, 0, 20, 0, body, &mut bytes);
            let _ = socket.write_all(&bytes);
            let _ = socket.shutdown(std::net::Shutdown::Write);
            closed(&mut socket);
        }
        let logs = &gateway.heard.lock().unwrap().logs;
        assert!(logs.iter().all(|record| !record.message.contains(['\r', '\n', '\x1b'])), "unescaped");
    });
}

#[test]
fn hostile_34_commands_in_the_wrong_order() {
    beside_a_bystander(|gateway| {
        let mut peer = publisher(gateway, "state/cam").peer;
        for _ in 0..3 {
            peer.session.send_command(0, "connect", vec![]);
            peer.session.send_command(0, "deleteStream", vec![Value::Number(77.0)]);
            peer.session.send_command(77, "publish", vec![Value::string("x"), Value::string("live")]);
            peer.session.send_command(1, "publish", vec![Value::string("x"), Value::string("live")]);
            peer.session.send_command(1, "play", vec![Value::string("x")]);
        }
        peer.flush();
        peer.settle();
        peer.session.stop();
        peer.flush();
        drop(peer);
    });
}

#[test]
fn hostile_35_names_that_are_paths() {
    beside_a_bystander(|gateway| {
        for name in ["../../etc/pwned", "..%2fx", "..", "a\\b", "/abs", "a\0b", &"n".repeat(300)] {
            let mut peer = Peer::connect(gateway.rtmp(), Intent::Publish, &format!("live/{name}"));
            let refused = |peer: &Peer| {
                let event = |event: &ClientEvent| matches!(event, ClientEvent::Rejected { .. });
                peer.closed || peer.events.iter().any(event)
            };
            let deadline = std::time::Instant::now() + common::PATIENCE;
            while !refused(&peer) && std::time::Instant::now() < deadline {
                peer.read(Duration::from_millis(20));
            }
            assert!(refused(&peer), "{name:?}");
        }
        let asks = gateway.heard.lock().unwrap().asks.iter().filter(|ask| ask.room == "live").count();
        assert_eq!(asks, 0, "refused before anyone is asked");
    });
}

#[test]
fn hostile_36_to_44_tags_and_configurations_that_are_broken() {
    beside_a_bystander(|gateway| {
        let mut publisher = publisher(gateway, "broken/tags");
        let mut player = Peer::play(gateway.rtmp(), "broken/tags");
        publisher.send(2);
        player.until("the start", |p| p.has_number(MediaKind::Video, 1));
        let mut past_end = video(500, false, 100);
        past_end[5..9].copy_from_slice(&[0xFF; 4]);
        let mut bad_config = video_config();
        bad_config.truncate(9);
        let mut many_sets = video_config();
        many_sets[10] = 0xFF;
        for body in
            [&[][..], &[0x17], &[0x17, 1, 0, 0], &[0x27, 1, 0, 0, 0], &past_end, &bad_config, &many_sets, &[0xFF; 40]]
        {
            publisher.peer.session.send_media(MediaKind::Video, 90, body);
            publisher.peer.session.send_media(MediaKind::Audio, 90, &body[..body.len().min(1)]);
        }
        for body in [&b"\x05"[..], b"\x02\0\x0aonMetaData\x08\xff\xff\xff\xff", b"\0\x01\x02"] {
            publisher.peer.session.send_media(MediaKind::Data, 90, body);
        }
        publisher.peer.flush();
        // The stream goes on, from the next keyframe at the latest.
        publisher.send_configs();
        publisher.next = 10;
        publisher.send(5);
        player.until("what comes after", |p| p.has_number(MediaKind::Video, 14));
        assert_eq!(player.numbers(MediaKind::Video).last_chunk::<5>().unwrap(), &[10, 11, 12, 13, 14]);
        assert!(gateway.stream("broken", "tags").unwrap().rejected_units > 0);
    });
}

#[test]
fn hostile_43_and_44_a_configuration_that_changes_and_no_keyframe_at_all() {
    beside_a_bystander(|gateway| {
        let mut publisher = publisher(gateway, "gop/none");
        publisher.next = 1;
        publisher.gop = u32::MAX;
        publisher.send(300);
        let mut late = Peer::play(gateway.rtmp(), "gop/none");
        gateway.until_playing("none", 1);
        publisher.send(5);
        late.until("sound", |p| p.has_number(MediaKind::Audio, 305));
        assert!(late.numbers(MediaKind::Video).is_empty(), "no picture without a keyframe");
        publisher.send_configs();
        publisher.gop = 1;
        publisher.send(1);
        late.until("the first picture", |p| !p.numbers(MediaKind::Video).is_empty());
    });
}
