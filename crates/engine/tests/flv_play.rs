//! RTMP in, FLV over HTTP out: order, late joiners, waiting, tracks, shards, the end.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::flv::FlvPlayer;
use common::{Gateway, Peer, Publisher, options, until};
use rtmp_gateway_engine::{EngineOptions, Protocol};
use rtmp_gateway_flv::TagKind;
use rtmp_gateway_rtmp::chunk::MediaKind;
use rtmp_gateway_rtmp::session::client::{ClientEvent, Intent};
use std::time::Duration;

fn range(from: u32, to: u32) -> Vec<u32> {
    (from..to).collect()
}

#[test]
fn a_late_joiner_gets_headers_a_keyframe_and_everything_after() {
    let gateway = Gateway::start(options());
    let mut publisher = Publisher::start(gateway.rtmp(), "live/late");
    publisher.send(25);
    until("the frames to arrive", || {
        gateway.stream("live", "late")?.video.filter(|video| video.frames == 25).map(|_| ())
    });
    let mut player = FlvPlayer::get(gateway.flv(), "/flv/live/late.flv?key=a");
    gateway.until_playing("late", 1);
    publisher.send(20);
    player.until("the last frame", |p| p.numbers(TagKind::Audio).contains(&44));
    assert!(player.head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\n"), "{}", player.head);
    assert!(player.head.contains("\r\nAccess-Control-Allow-Origin: *\r\n"), "{}", player.head);
    assert_eq!(player.header, Some((true, true)));
    let heads: Vec<_> = player.tags.iter().take(3).map(|tag| (tag.kind, tag.body[0], tag.body[1])).collect();
    assert_eq!(heads, [(TagKind::Video, 0x17, 0), (TagKind::Audio, 0xAF, 0), (TagKind::Video, 0x17, 1)]);
    assert_eq!(player.numbers(TagKind::Video), range(20, 45));
    let times: Vec<_> = player.tags.iter().filter(|tag| tag.kind == TagKind::Video).map(|tag| tag.timestamp).collect();
    assert_eq!(times[..4], [0, 0, 40, 80]);

    let ask = gateway.heard.lock().unwrap().asks.last().unwrap().clone();
    assert_eq!((ask.protocol, &*ask.query), (Protocol::Flv, "key=a"));
    let connections = gateway.connections();
    let shown = connections.iter().find(|connection| connection.protocol == Protocol::Flv).unwrap();
    assert_eq!((&*shown.state, shown.room.as_deref(), shown.name.as_deref()), ("playing", Some("live"), Some("late")));
    assert_eq!(gateway.stream("live", "late").unwrap().players, 1);
    drop(player);
    until("the player to be gone", || (gateway.stream("live", "late")?.players == 0).then_some(()));
}

#[test]
fn a_request_may_wait_for_its_stream() {
    let gateway = Gateway::start(options());
    let mut player = FlvPlayer::get(gateway.flv(), "/flv/live/soon.flv?wait=20");
    until("the wait", || gateway.connections().into_iter().find(|connection| connection.state == "waiting"));
    let mut publisher = Publisher::start(gateway.rtmp(), "live/soon");
    gateway.until_playing("soon", 1);
    publisher.send(5);
    player.until("the frames", |p| p.numbers(TagKind::Audio) == [0, 1, 2, 3, 4]);
    assert_eq!(player.numbers(TagKind::Video), [0, 1, 2, 3, 4]);
    let mut late = FlvPlayer::get(gateway.flv(), "/flv/live/never.flv?wait=0.2");
    let body = late.finish();
    assert_eq!(late.status(), 404);
    assert!(body.contains(r#""code":"GW_STREAM_NOT_FOUND""#), "{body}");
}

#[test]
fn a_stream_with_one_track_says_so() {
    let gateway = Gateway::start(options());
    let mut peer = Peer::connect(gateway.rtmp(), Intent::Publish, "live/sound");
    peer.until_event("publish", |event| matches!(event, ClientEvent::PublishStarted { .. }));
    peer.session.send_media(MediaKind::Audio, 0, &common::audio_config());
    peer.session.send_media(MediaKind::Audio, 0, &common::audio(0, 50));
    peer.flush();
    let mut player = FlvPlayer::get(gateway.flv(), "/flv/live/sound.flv");
    player.until("the header", |p| p.header.is_some());
    assert_eq!(player.header, Some((true, false)));
}

#[test]
fn requests_move_to_the_shard_of_their_room() {
    let gateway = Gateway::start(EngineOptions { shards: 2, ..options() });
    let mut publishers: Vec<_> =
        (0..4).map(|index| Publisher::start(gateway.rtmp(), &format!("room{index}/cam"))).collect();
    for publisher in &mut publishers {
        publisher.send(3);
    }
    let mut players: Vec<_> =
        (0..12).map(|index| FlvPlayer::get(gateway.flv(), &format!("/flv/room{}/cam.flv", index % 4))).collect();
    for player in &mut players {
        player.until("the frames", |p| p.numbers(TagKind::Audio).contains(&2));
        assert_eq!(player.numbers(TagKind::Video), [0, 1, 2]);
    }
    let streams = gateway.streams();
    assert_eq!(streams.iter().map(|stream| stream.players).collect::<Vec<_>>(), [3; 4]);
    for connection in gateway.connections() {
        let stream = streams.iter().find(|stream| Some(&stream.room) == connection.room.as_ref()).unwrap();
        assert_eq!(connection.shard, stream.shard);
    }
}

#[test]
fn the_response_ends_when_the_stream_has_ended_for_good_and_when_the_engine_stops() {
    let publisher_grace = Duration::from_millis(200);
    let gateway = Gateway::start(EngineOptions { publisher_grace, ..options() });
    let mut publisher = Publisher::start(gateway.rtmp(), "live/end");
    publisher.send(2);
    let mut player = FlvPlayer::get(gateway.flv(), "/flv/live/end.flv");
    player.until("the frames", |p| p.numbers(TagKind::Audio).contains(&1));
    drop(publisher);
    player.finish();
    until("its end to be told", || {
        gateway.heard.lock().unwrap().closed.iter().find(|(_, closed)| closed.code == "GW_STREAM_ENDED").map(|_| ())
    });

    let mut publisher = Publisher::start(gateway.rtmp(), "live/stop");
    publisher.send(2);
    let mut player = FlvPlayer::get(gateway.flv(), "/flv/live/stop.flv");
    player.until("the frames", |p| p.numbers(TagKind::Audio).contains(&1));
    let mut waiting = FlvPlayer::get(gateway.flv(), "/flv/live/other.flv?wait=20");
    until("the wait", || gateway.connections().into_iter().find(|connection| connection.state == "waiting"));
    gateway.engine.stop();
    player.finish();
    waiting.finish();
    assert_eq!(waiting.status(), 503);
}
