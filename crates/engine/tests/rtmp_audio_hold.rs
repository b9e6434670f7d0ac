//! Audio shares the write of the next video frame, waits a bounded time for it, and not at all where there is no video.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::{Gateway, Peer, Publisher, audio, options, until};
use rtmp_gateway_engine::EngineOptions;
use rtmp_gateway_rtmp::chunk::MediaKind;
use rtmp_gateway_rtmp::session::client::{ClientEvent, Intent};
use std::time::{Duration, Instant};

/// Writes that `frames` pairs of video and audio cost for one player, and the frames that were held.
fn writes(audio_hold: Duration, nagle: bool) -> (u64, u64, u64) {
    let gateway = Gateway::start(EngineOptions { audio_hold, nagle, ..options() });
    let mut publisher = Publisher::start(gateway.rtmp(), "live/hold");
    let mut player = Peer::play(gateway.rtmp(), "live/hold");
    publisher.send(1);
    player.until("the first", |p| p.has_number(MediaKind::Audio, 0));
    let before = gateway.health().remove(0).writes;
    for _ in 0..20 {
        // One read of the gateway brings audio, then the next video frame, as it comes from an encoder.
        publisher.send(1);
        let last = publisher.next - 1;
        player.until("the video", |p| p.has_number(MediaKind::Video, last));
    }
    player.until("the last audio", |p| p.has_number(MediaKind::Audio, 20));
    assert_eq!(player.numbers(MediaKind::Audio), (0..=20).collect::<Vec<_>>());
    let health = gateway.health().remove(0);
    (health.writes - before, health.held_audio, health.expired_holds)
}

#[test]
fn audio_leaves_with_the_next_video_frame_or_at_once_when_the_hold_is_off() {
    let (held, waited, _) = writes(Duration::from_millis(400), false);
    let (unheld, none, expired) = writes(Duration::ZERO, false);
    assert_eq!((none, expired), (0, 0));
    assert!(waited >= 20, "{waited}");
    assert!(unheld >= 40 && held + 15 <= unheld, "writes: held {held}, at once {unheld}");
}

#[test]
fn audio_waits_no_longer_than_the_hold_when_no_video_comes() {
    let audio_hold = Duration::from_millis(100);
    let gateway = Gateway::start(EngineOptions { audio_hold, ..options() });
    let mut publisher = Publisher::start(gateway.rtmp(), "live/stop");
    let mut player = Peer::play(gateway.rtmp(), "live/stop");
    publisher.send(2);
    player.until("the last audio, which no video follows", |p| p.has_number(MediaKind::Audio, 1));
    assert!(gateway.health()[0].expired_holds >= 1);
}

#[test]
fn streams_of_audio_alone_are_not_held() {
    let gateway = Gateway::start(EngineOptions { audio_hold: Duration::from_millis(500), ..options() });
    let mut peer = Peer::connect(gateway.rtmp(), Intent::Publish, "live/sound");
    peer.until_event("publish", |event| matches!(event, ClientEvent::PublishStarted { .. }));
    peer.session.send_media(MediaKind::Audio, 0, &common::audio_config());
    peer.flush();
    let mut player = Peer::play(gateway.rtmp(), "live/sound");
    gateway.until_playing("sound", 1);
    let start = Instant::now();
    for number in 0..10 {
        peer.session.send_media(MediaKind::Audio, number * 20, &audio(number, 50));
        peer.flush();
        player.until("the frame", |p| p.has_number(MediaKind::Audio, number));
    }
    assert_eq!(gateway.health()[0].held_audio, 0);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[test]
fn nagle_relays_everything_too() {
    let (_, _, _) = writes(Duration::from_millis(40), true);
}

#[test]
fn congestion_control_is_read_back_and_a_refusal_is_said_once() {
    let gateway = Gateway::start(EngineOptions { tcp_congestion: "no-such-one".into(), shards: 2, ..options() });
    let Some(has) = gateway.engine.addresses().tcp_congestion.clone() else { return };
    assert_ne!(has, "no-such-one");
    gateway.until_logged("GW_CONGESTION_FALLBACK");
    let _player = Peer::play(gateway.rtmp(), "live/any");
    until("a connection", || (gateway.connections().len() == 1).then_some(()));
    assert_eq!(gateway.logged("GW_CONGESTION_FALLBACK"), 1);
    // What the kernel has anyway is never refused.
    let gateway = Gateway::start(EngineOptions { tcp_congestion: has.clone(), ..options() });
    assert_eq!(gateway.engine.addresses().tcp_congestion.as_deref(), Some(&*has));
    assert_eq!(gateway.logged("GW_CONGESTION_FALLBACK"), 0);
}
