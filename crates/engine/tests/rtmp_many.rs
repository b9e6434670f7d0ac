//! Many connections at once: all get in, each is listed, nothing is left behind; the last one in sees what the first saw.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::{Gateway, Peer, Publisher, options, until};
use rtmp_gateway_engine::EngineOptions;
use rtmp_gateway_rtmp::chunk::MediaKind;
use rtmp_gateway_rtmp::session::client::{ClientEvent, Intent};
use std::time::Duration;

#[test]
fn hundreds_of_players_connect_at_once_and_get_the_stream() {
    let gateway = Gateway::start(EngineOptions { shards: 2, ..options() });
    let mut publisher = Publisher::start(gateway.rtmp(), "many/cam");
    let mut players: Vec<_> = (0..300).map(|_| Peer::connect(gateway.rtmp(), Intent::Play, "many/cam")).collect();
    for player in &mut players {
        player.until_event("play to start", |event| matches!(event, ClientEvent::PlayStarted { .. }));
    }
    gateway.until_playing("cam", 300);
    publisher.send(10);
    for player in &mut players {
        player.until("the last frame", |p| p.has_number(MediaKind::Audio, 9));
        assert_eq!(player.numbers(MediaKind::Video), (0..10).collect::<Vec<_>>());
    }
    assert_eq!(gateway.stream("many", "cam").unwrap().players, 300);
    drop(players);
    until("everyone to be gone", || (gateway.connections().len() == 1).then_some(()));
    assert_eq!(gateway.stream("many", "cam").unwrap().players, 0);
}

#[test]
fn every_state_of_a_connections_life_is_listed_with_the_time_it_was_entered() {
    let gateway = Gateway::deciding(options(), |ask| (ask.name != "undecided").then(common::accept));
    let shown =
        |state: &str| until(state, || gateway.connections().into_iter().find(|connection| connection.state == state));
    let silent = std::net::TcpStream::connect(gateway.rtmp()).unwrap();
    let first = shown("handshake");
    std::thread::sleep(Duration::from_millis(60));
    let later = shown("handshake");
    assert!(later.state_since_ms >= first.state_since_ms + 50, "time in the state grows");
    drop(silent);
    let mut undecided = Peer::connect(gateway.rtmp(), Intent::Play, "life/undecided");
    until("the question", || {
        undecided.read(Duration::from_millis(5));
        gateway.connections().into_iter().find(|connection| connection.state == "deciding")
    });
    let mut publisher = Publisher::start(gateway.rtmp(), "life/cam");
    let publishing = shown("publishing");
    assert_eq!((publishing.room.as_deref(), publishing.name.as_deref()), (Some("life"), Some("cam")));
    let _player = Peer::play(gateway.rtmp(), "life/cam");
    assert!(shown("playing").state_since_ms < 5_000);
    publisher.peer.session.stop();
    publisher.peer.flush();
    shown("connected");
}
