//! RTMP in, RTMP out over real sockets: order, late joiners, early players, rooms on other shards.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::{Gateway, Peer, Publisher, options};
use rtmp_gateway_engine::EngineOptions;
use rtmp_gateway_rtmp::chunk::MediaKind;
use rtmp_gateway_rtmp::session::client::{ClientEvent, Intent};

fn range(from: u32, to: u32) -> Vec<u32> {
    (from..to).collect()
}

#[test]
fn players_that_came_first_get_every_frame_in_order() {
    let gateway = Gateway::start(options());
    let mut players: Vec<_> = (0..3).map(|_| Peer::play(gateway.rtmp(), "live/early")).collect();
    gateway.until_playing("early", 3);
    let mut publisher = Publisher::start(gateway.rtmp(), "live/early");
    publisher.base = 90_000;
    publisher.send(100);
    for player in &mut players {
        player.until("the last frames", |p| p.has_number(MediaKind::Video, 99) && p.has_number(MediaKind::Audio, 99));
        assert_eq!(player.numbers(MediaKind::Video), range(0, 100));
        assert_eq!(player.numbers(MediaKind::Audio), range(0, 100));
        let times = player.timestamps(MediaKind::Video);
        assert_eq!(times, (0..100).map(|number| number * 40).collect::<Vec<_>>(), "a player's time starts at 0");
        let first: Vec<_> = player.tags().take(2).map(|media| (media.kind, media.body[1])).collect();
        assert_eq!(first, [(MediaKind::Video, 0), (MediaKind::Audio, 0)], "sequence headers first");
    }
}

#[test]
fn a_late_joiner_starts_with_headers_and_a_keyframe_and_misses_nothing_after() {
    let gateway = Gateway::start(options());
    let mut publisher = Publisher::start(gateway.rtmp(), "live/late");
    publisher.send(25);
    common::until("the frames to arrive", || {
        gateway.stream("live", "late")?.video.filter(|video| video.frames == 25).map(|_| ())
    });
    let mut player = Peer::play(gateway.rtmp(), "live/late");
    gateway.until_playing("late", 1);
    publisher.send(20);
    player.until("the last frame", |p| p.has_number(MediaKind::Audio, 44));
    assert_eq!(player.numbers(MediaKind::Video), range(20, 45), "from the cached keyframe on");
    let heads: Vec<_> = player.tags().take(3).map(|media| (media.kind, media.body[0], media.body[1])).collect();
    assert_eq!(heads, [(MediaKind::Video, 0x17, 0), (MediaKind::Audio, 0xAF, 0), (MediaKind::Video, 0x17, 1)]);
    assert_eq!(player.timestamps(MediaKind::Video)[..2], [0, 40]);
}

#[test]
fn large_frames_of_many_chunks_arrive_whole() {
    let gateway = Gateway::start(options());
    let mut player = Peer::play(gateway.rtmp(), "live/large");
    let mut publisher = Publisher::start(gateway.rtmp(), "live/large");
    for length in [65_520, 65_526, 65_527, 65_528, 131_072, 400_000] {
        publisher.video_bytes = length;
        publisher.send(1);
        let number = publisher.next - 1;
        player.until("a large frame", |p| p.has_number(MediaKind::Audio, number));
        let last = player.media.iter().rfind(|media| media.kind == MediaKind::Video).unwrap();
        assert_eq!(last.body[..], common::video(number, number == 0, length)[..]);
    }
}

#[test]
fn rooms_on_other_shards_take_their_connections_there() {
    let gateway = Gateway::start(EngineOptions { shards: 2, ..options() });
    // The kernel spreads sockets over shards: with these, some of each kind must move.
    let mut pairs: Vec<_> = (0..6)
        .map(|index| {
            let path = format!("room{index}/cam");
            let players = [Peer::play(gateway.rtmp(), &path), Peer::play(gateway.rtmp(), &path)];
            (players, Publisher::start(gateway.rtmp(), &path))
        })
        .collect();
    for (_, publisher) in &mut pairs {
        publisher.send(30);
    }
    for (players, _) in &mut pairs {
        for player in players {
            player.until("the last frame", |p| p.has_number(MediaKind::Audio, 29));
            assert_eq!(player.numbers(MediaKind::Video), range(0, 30));
        }
    }
    let streams = gateway.streams();
    let used: std::collections::HashSet<_> = streams.iter().map(|stream| stream.shard).collect();
    assert_eq!((streams.len(), used.len()), (6, 2), "both shards carry rooms");
    for connection in gateway.connections() {
        let room = connection.room.unwrap();
        let stream = streams.iter().find(|stream| stream.room == room).unwrap();
        assert_eq!(connection.shard, stream.shard, "everyone of a room lives on its shard");
    }
}

#[test]
fn a_connection_that_was_handed_over_goes_on_being_listed_and_told() {
    let gateway = Gateway::start(EngineOptions { shards: 4, ..options() });
    let mut players: Vec<_> = (0..12).map(|_| Peer::play(gateway.rtmp(), "moved/cam")).collect();
    gateway.until_playing("cam", 12);
    let all = gateway.connections();
    assert_eq!(all.len(), 12);
    let ids: std::collections::HashSet<_> = all.iter().map(|connection| connection.id).collect();
    assert_eq!(ids.len(), 12, "no id twice, none lost on the way");
    assert!(
        all.iter().all(|connection| connection.bytes_in > 3_000 && connection.bytes_out > 3_000),
        "counts move along"
    );
    for player in &mut players {
        player.session.stop();
        player.flush();
        player.socket.shutdown(std::net::Shutdown::Both).unwrap();
    }
    common::until("everyone to be gone", || gateway.connections().is_empty().then_some(()));
    common::until("the ends to be told", || (gateway.heard.lock().unwrap().closed.len() == 12).then_some(()));
}

#[test]
fn a_player_pauses_resumes_and_stops() {
    use rtmp_gateway_rtmp::amf0::Value;
    let gateway = Gateway::start(options());
    let mut publisher = Publisher::start(gateway.rtmp(), "live/pause");
    let mut player = Peer::connect(gateway.rtmp(), Intent::Play, "live/pause");
    player.until_event("play", |event| matches!(event, ClientEvent::PlayStarted { .. }));
    publisher.send(12);
    player.until("frames", |p| p.has_number(MediaKind::Audio, 11));
    let id = player.session.message_stream_id();
    player.session.send_command(id, "pause", vec![Value::Boolean(true), Value::Number(0.0)]);
    player.flush();
    player.until("the pause", |p| p.has_status("NetStream.Pause.Notify"));
    publisher.send(4);
    player.settle();
    assert!(!player.has_number(MediaKind::Video, 12), "nothing comes while it pauses");
    player.session.send_command(id, "pause", vec![Value::Boolean(false), Value::Number(0.0)]);
    player.flush();
    player.until("the resume", |p| p.has_status("NetStream.Unpause.Notify"));
    publisher.send(8);
    player.until("frames", |p| p.has_number(MediaKind::Video, 23));
    let numbers = player.numbers(MediaKind::Video);
    let resumed = numbers.iter().position(|&number| number > 11).unwrap();
    assert_eq!(numbers[resumed..], range(20, 24), "it goes on at a keyframe");
    player.session.stop();
    player.flush();
    common::until("the player to be gone", || {
        gateway.stream("live", "pause").filter(|stream| stream.players == 0).map(|_| ())
    });
}

#[test]
fn codecs_of_enhanced_rtmp_are_relayed_as_they_came() {
    use common::flv::FlvPlayer;
    use rtmp_gateway_flv::TagKind;
    let gateway = Gateway::start(options());
    for (name, four_cc) in [("hevc", b"hvc1"), ("av1", b"av01"), ("vp9", b"vp09")] {
        let path = format!("enhanced/{name}");
        let mut peer = Peer::connect(gateway.rtmp(), Intent::Publish, &path);
        peer.until_event("publish", |event| matches!(event, ClientEvent::PublishStarted { .. }));
        let mut player = Peer::play(gateway.rtmp(), &path);
        gateway.until_playing(name, 1);
        // Frame type and packet type: a sequence start, a keyframe without composition time, an inter frame.
        let tag = |first: u8, body: &[u8]| [&[first], &four_cc[..], body].concat();
        let sent = [tag(0x90, &[1; 30]), tag(0x93, &[2; 500]), tag(0xA3, &[3; 300])];
        for (index, body) in sent.iter().enumerate() {
            peer.session.send_media(MediaKind::Video, index as u32 * 40, body);
        }
        peer.flush();
        player.until("all three tags", |p| p.tags().count() == 3);
        // The form may differ (a composition time of 0 is written or left out), codec and payload may not.
        for (got, sent) in player.tags().zip(&sent) {
            assert_eq!(got.body[1..5], four_cc[..], "{name}");
            assert!(got.body.ends_with(&sent[5..]), "{name}");
        }
        assert_eq!(gateway.stream("enhanced", name).unwrap().video.unwrap().codec, String::from_utf8_lossy(four_cc));
        let mut web = FlvPlayer::get(gateway.flv(), &format!("/flv/{path}.flv"));
        web.until("the cached picture", |p| p.tags.len() == 3);
        assert!(web.tags.iter().all(|tag| tag.kind == TagKind::Video && tag.body[1..5] == four_cc[..]));
    }
}
