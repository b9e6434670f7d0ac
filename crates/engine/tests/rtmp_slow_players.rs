//! Players that stop reading: others lose nothing, they themselves stay bounded, resume at a keyframe, and are closed in time.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::{Gateway, Peer, Publisher, options, until};
use rtmp_gateway_engine::{ConnectionSnapshot, EngineOptions};
use rtmp_gateway_rtmp::chunk::MediaKind;
use rtmp_gateway_rtmp::session::client::{ClientEvent, Intent};
use std::time::{Duration, Instant};

/// What the kernel holds for a slow player is small, so that the gateway's own queue shows.
const SMALL_BUFFER: usize = 8 * 1024;
/// One frame beyond the bounds may be queued before they act, with chunk headers.
const FRAME: u64 = 60_000;
const MAX_BYTES: u64 = 2 * 1024 * 1024 + 2 * FRAME;
const MAX_MS: u64 = 2_000 + 40;

fn slow_player(gateway: &Gateway, path: &str) -> Peer {
    let mut peer = Peer::connect_with(gateway.rtmp(), Intent::Play, path, Some(SMALL_BUFFER));
    peer.until_event("play to start", |event| matches!(event, ClientEvent::PlayStarted { .. }));
    peer
}

fn players(gateway: &Gateway) -> Vec<ConnectionSnapshot> {
    gateway.connections().into_iter().filter(|connection| connection.state == "playing").collect()
}

#[test]
fn players_that_stop_reading_cost_the_others_nothing_and_resume_at_a_keyframe() {
    let gateway = Gateway::start(options());
    let mut slow: Vec<_> = (0..4).map(|_| slow_player(&gateway, "live/slow")).collect();
    let fast: Vec<_> = (0..12)
        .map(|_| {
            let mut peer = Peer::play(gateway.rtmp(), "live/slow");
            std::thread::spawn(move || {
                peer.until("the last frame", |p| p.has_number(MediaKind::Audio, 399));
                (peer.numbers(MediaKind::Video), peer.numbers(MediaKind::Audio))
            })
        })
        .collect();
    gateway.until_playing("slow", 16);
    let mut publisher = Publisher::start(gateway.rtmp(), "live/slow");
    publisher.video_bytes = FRAME as usize;
    let mut worst = (0, 0);
    for _ in 0..100 {
        publisher.send(4);
        for player in players(&gateway) {
            worst = (worst.0.max(player.queued_bytes), worst.1.max(player.queued_ms));
        }
    }
    assert!(worst.0 > FRAME && worst.0 <= MAX_BYTES, "bytes queued for the slowest: {worst:?}");
    assert!(worst.1 <= MAX_MS, "milliseconds queued for the slowest: {worst:?}");
    let all: Vec<u32> = (0..400).collect();
    for player in fast {
        let (video, audio) = player.join().unwrap();
        assert!(video == all && audio == all, "a player that reads loses nothing");
    }
    assert!(gateway.stream("live", "slow").unwrap().dropped_units > 0);
    // They read again: what they get goes on at a keyframe after every gap, and time never goes back.
    for player in &mut slow {
        player.settle();
        publisher.send(20);
        let last = publisher.next - 1;
        player.until("the last frame", |p| p.has_number(MediaKind::Video, last));
        let numbers = player.numbers(MediaKind::Video);
        assert!(numbers.len() < last as usize, "it missed frames");
        for pair in numbers.windows(2) {
            assert!(pair[1] == pair[0] + 1 || pair[1].is_multiple_of(10), "a gap ends at a keyframe: {pair:?}");
        }
        assert!(player.timestamps(MediaKind::Video).is_sorted());
        assert!(!player.closed);
    }
    assert_eq!(gateway.engine.panics(), 0);
}

#[test]
fn a_player_that_does_not_read_for_the_grace_time_is_closed_with_a_reason() {
    let player_grace = Duration::from_millis(500);
    let gateway = Gateway::start(EngineOptions { player_grace, ..options() });
    let mut slow = slow_player(&gateway, "live/stuck");
    let mut fast = Peer::play(gateway.rtmp(), "live/stuck");
    gateway.until_playing("stuck", 2);
    let mut publisher = Publisher::start(gateway.rtmp(), "live/stuck");
    publisher.video_bytes = FRAME as usize;
    let start = Instant::now();
    while gateway.logged("GW_PEER_TOO_SLOW") == 0 {
        assert!(start.elapsed() < common::PATIENCE, "never closed");
        publisher.send(1);
        let last = publisher.next - 1;
        fast.until("the frame", |p| p.has_number(MediaKind::Audio, last));
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(start.elapsed() >= player_grace);
    assert_eq!(fast.numbers(MediaKind::Video), (0..publisher.next).collect::<Vec<_>>());
    assert_eq!(gateway.stream("live", "stuck").unwrap().players, 1);
    // What the kernel and the queue still held comes first; then the reason, if the player reads it in time.
    slow.until_closed();
    assert!(slow.has_status("NetStream.Play.UnpublishNotify"), "{:?}", slow.events);
    until("its end to be told", || {
        let heard = gateway.heard.lock().unwrap();
        heard.closed.iter().find(|(_, closed)| closed.code == "GW_PEER_TOO_SLOW").map(|_| ())
    });
}

#[test]
fn a_slow_web_player_is_bounded_and_closed_as_well() {
    use common::flv::FlvPlayer;
    use std::io::Write;
    let player_grace = Duration::from_millis(500);
    let gateway = Gateway::start(EngineOptions { player_grace, ..options() });
    let mut publisher = Publisher::start(gateway.rtmp(), "live/web");
    publisher.send(1);
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(SMALL_BUFFER).unwrap();
    socket.connect(&gateway.flv().into()).unwrap();
    let mut socket = std::net::TcpStream::from(socket);
    socket.write_all(b"GET /flv/live/web.flv HTTP/1.1\r\n\r\n").unwrap();
    let mut fast = FlvPlayer::get(gateway.flv(), "/flv/live/web.flv");
    gateway.until_playing("web", 2);
    publisher.video_bytes = FRAME as usize;
    let start = Instant::now();
    while gateway.logged("GW_PEER_TOO_SLOW") == 0 {
        assert!(start.elapsed() < common::PATIENCE, "never closed");
        publisher.send(1);
        let last = publisher.next - 1;
        fast.until("the frame", |p| p.numbers(rtmp_gateway_flv::TagKind::Audio).contains(&last));
        for player in players(&gateway) {
            assert!(player.queued_bytes <= MAX_BYTES && player.queued_ms <= MAX_MS, "{player:?}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(fast.numbers(rtmp_gateway_flv::TagKind::Video), (0..publisher.next).collect::<Vec<_>>());
}
