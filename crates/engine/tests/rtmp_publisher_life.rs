//! What viewers see when their publisher vanishes, comes back, or is taken over.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::{Gateway, Peer, Publisher, accept, options, until};
use rtmp_gateway_engine::{Decision, EngineOptions};
use rtmp_gateway_rtmp::chunk::MediaKind;
use rtmp_gateway_rtmp::session::client::{ClientEvent, Intent};
use std::time::{Duration, Instant};

fn taking_over(options: EngineOptions) -> Gateway {
    Gateway::deciding(options, |_| Some(Decision { take_over: true, ..accept() }))
}

#[test]
fn a_publisher_that_vanishes_leaves_its_viewers_for_the_grace_time_then_they_hear_the_end() {
    let publisher_grace = Duration::from_millis(400);
    let gateway = Gateway::start(EngineOptions { publisher_grace, ..options() });
    let mut publisher = Publisher::start(gateway.rtmp(), "live/grace");
    let mut player = Peer::play(gateway.rtmp(), "live/grace");
    publisher.send(3);
    player.until("frames", |p| p.has_number(MediaKind::Audio, 2));
    let gone = Instant::now();
    drop(publisher);
    player.until_event("the end", |event| matches!(event, ClientEvent::StreamEnded));
    assert!(gone.elapsed() >= publisher_grace, "{:?}", gone.elapsed());
    assert!(player.has_status("NetStream.Play.UnpublishNotify"));
    // A player that stays is told of the next publisher and goes on.
    let mut next = Publisher::start(gateway.rtmp(), "live/grace");
    player.until("the next publisher", |p| p.has_status("NetStream.Play.PublishNotify"));
    next.send(2);
    player.until("its frames", |p| p.numbers(MediaKind::Video) == [0, 1, 2, 0, 1]);
}

#[test]
fn a_publisher_that_comes_back_within_the_grace_time_goes_on_for_the_same_viewers() {
    let gateway = Gateway::start(options());
    let mut publisher = Publisher::start(gateway.rtmp(), "live/back");
    let mut player = Peer::play(gateway.rtmp(), "live/back");
    publisher.send(13);
    player.until("frames", |p| p.has_number(MediaKind::Audio, 12));
    drop(publisher);
    until("the publisher to be gone", || gateway.streams().is_empty().then_some(()));
    let mut publisher = Publisher::start(gateway.rtmp(), "live/back");
    publisher.base = 4_000_000_000;
    publisher.send(5);
    player.until("frames of the new publisher", |p| p.numbers(MediaKind::Audio).len() == 18);
    let times = player.timestamps(MediaKind::Video);
    assert!(times.is_sorted() && times[13] > times[12], "time goes on: {times:?}");
    assert!(times[17] < 60_000, "from where it was: {times:?}");
    assert!(!player.events.iter().any(|event| matches!(event, ClientEvent::StreamEnded)), "no end in between");
}

#[test]
fn a_takeover_keeps_the_viewers_within_a_second() {
    for shards in [1, 2] {
        let gateway = taking_over(EngineOptions { shards, ..options() });
        let mut old = Publisher::start(gateway.rtmp(), "live/over");
        let mut player = Peer::play(gateway.rtmp(), "live/over");
        old.send(25);
        player.until("frames", |p| p.has_number(MediaKind::Audio, 24));
        let before = player.media.len();
        let start = Instant::now();
        let mut new = Publisher::start(gateway.rtmp(), "live/over");
        new.base = 7_000;
        new.send(12);
        player.until("frames of the new publisher", |p| p.numbers(MediaKind::Audio).len() == 37);
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
        let heads: Vec<_> = player.media[before..].iter().take(2).map(|media| (media.kind, media.body[1])).collect();
        assert_eq!(heads, [(MediaKind::Video, 0), (MediaKind::Audio, 0)], "sequence headers are sent again");
        let times = player.timestamps(MediaKind::Video);
        assert!(times.is_sorted() && times[25] > times[24], "timestamps go on: {times:?}");
        assert!(!player.events.iter().any(|event| matches!(event, ClientEvent::StreamEnded)));
        old.peer.until_closed();
        assert!(old.peer.has_status("NetStream.Publish.Denied"), "{:?}", old.peer.events);
        assert_eq!(gateway.logged("GW_PUBLISHER_REPLACED"), 2, "who took over, and whose end it was");
        let streams = gateway.streams();
        assert_eq!((streams.len(), streams[0].players), (1, 1));
        // What the old one still says changes nothing.
        until("the old connection to be gone", || (gateway.connections().len() == 2).then_some(()));
        new.send(1);
        player.until("one more", |p| p.has_number(MediaKind::Audio, 12));
    }
}

#[test]
fn without_leave_to_take_over_the_name_stays_with_its_publisher() {
    let gateway = Gateway::start(options());
    let mut old = Publisher::start(gateway.rtmp(), "live/mine");
    let mut player = Peer::play(gateway.rtmp(), "live/mine");
    let mut thief = Peer::connect(gateway.rtmp(), Intent::Publish, "live/mine");
    assert_eq!(thief.rejection().0, "NetStream.Publish.BadName");
    old.send(2);
    player.until("frames", |p| p.has_number(MediaKind::Video, 1));
}

#[test]
fn a_connection_does_not_take_over_from_itself() {
    use rtmp_gateway_rtmp::amf0::Value;
    let gateway = taking_over(options());
    let mut publisher = Publisher::start(gateway.rtmp(), "live/self");
    publisher.peer.session.send_command(0, "createStream", vec![]);
    let publish = vec![Value::string("self"), Value::string("live")];
    publisher.peer.session.send_command(2, "publish", publish);
    publisher.peer.flush();
    publisher.peer.until("the refusal", |peer| peer.has_status("NetStream.Publish.BadName"));
    publisher.send(3);
    assert_eq!(gateway.logged("GW_PUBLISHER_REPLACED"), 0);
    until("its frames", || gateway.stream("live", "self")?.video.filter(|video| video.frames == 3).map(|_| ()));
}

#[test]
fn takeovers_in_a_storm_leave_one_publisher_and_the_viewer() {
    let gateway = taking_over(options());
    let mut player = Peer::play(gateway.rtmp(), "live/storm");
    let mut publishers: Vec<_> = (0..20).map(|_| Publisher::start(gateway.rtmp(), "live/storm")).collect();
    let mut last = publishers.pop().unwrap();
    last.send(3);
    player.until("frames of the last", |p| p.has_number(MediaKind::Audio, 2));
    for publisher in &mut publishers {
        publisher.peer.until_closed();
    }
    until("the replaced to be gone", || (gateway.connections().len() == 2).then_some(()));
    assert_eq!(gateway.streams().len(), 1);
    assert_eq!(gateway.engine.panics(), 0);
}
