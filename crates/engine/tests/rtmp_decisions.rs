//! Who may publish and play: names taken, late and stale decisions, refusals and their limits.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::{Gateway, Peer, Publisher, accept, options, refuse, until};
use rtmp_gateway_engine::{AskKind, EngineOptions};
use rtmp_gateway_rtmp::chunk::MediaKind;
use rtmp_gateway_rtmp::session::client::{ClientEvent, Intent};
use std::time::{Duration, Instant};

#[test]
fn a_taken_name_is_refused_by_the_engine_itself_and_free_again_after_its_publisher() {
    let gateway = Gateway::start(options());
    let mut first = Publisher::start(gateway.rtmp(), "live/name");
    let mut second = Peer::connect(gateway.rtmp(), Intent::Publish, "live/name");
    let (code, description) = second.rejection();
    assert_eq!(code, "NetStream.Publish.BadName");
    assert!(description.contains("live/name"), "{description}");
    gateway.until_logged("GW_STREAM_TAKEN");
    first.send(1);
    assert!(!first.peer.closed, "the first stays");
    first.peer.session.stop();
    first.peer.flush();
    until("the name to be free", || gateway.streams().is_empty().then_some(()));
    Publisher::start(gateway.rtmp(), "live/name");
}

#[test]
fn a_request_without_a_decision_is_refused_in_time_and_a_late_decision_is_stale() {
    let decision_timeout = Duration::from_millis(200);
    let gateway = Gateway::deciding(EngineOptions { decision_timeout, ..options() }, |_| None);
    let start = Instant::now();
    let mut peer = Peer::connect(gateway.rtmp(), Intent::Publish, "live/late");
    until("the question", || {
        peer.read(Duration::from_millis(5));
        (!gateway.heard.lock().unwrap().asks.is_empty()).then_some(())
    });
    let state = gateway.connections().into_iter().next().unwrap();
    assert_eq!((&*state.state, state.name.as_deref()), ("deciding", Some("late")));
    let (code, description) = peer.rejection();
    assert_eq!(code, "NetStream.Publish.Denied");
    assert!(description.contains("no decision in time"), "{description}");
    let took = start.elapsed();
    assert!((decision_timeout..Duration::from_secs(3)).contains(&took), "{took:?}");
    assert_eq!(gateway.logged("GW_DECISION_TIMEOUT"), 1);
    let ask = gateway.heard.lock().unwrap().asks[0].clone();
    assert!(!gateway.engine.mailbox().decide(ask.connection_id, ask.generation, accept()), "stale");
    peer.settle();
    assert!(!peer.events.iter().any(|event| matches!(event, ClientEvent::PublishStarted { .. })));
    assert!(gateway.streams().is_empty());
}

#[test]
fn a_decision_for_a_connection_that_is_gone_is_stale() {
    let gateway = Gateway::deciding(options(), |_| None);
    let mut peer = Peer::connect(gateway.rtmp(), Intent::Play, "live/gone");
    until("the question", || {
        peer.read(Duration::from_millis(5));
        (!gateway.heard.lock().unwrap().asks.is_empty()).then_some(())
    });
    let ask = gateway.heard.lock().unwrap().asks[0].clone();
    assert_eq!((ask.kind, &*ask.room, &*ask.name), (AskKind::Play, "live", "gone"));
    drop(peer);
    // Reading is paused while a decision is awaited: the end shows when the answer cannot be read any more, or in time.
    gateway.engine.mailbox().decide(ask.connection_id, ask.generation, refuse("NetStream.Play.Failed", "no"));
    until("the connection to be gone", || gateway.connections().is_empty().then_some(()));
    assert!(!gateway.engine.mailbox().decide(ask.connection_id, ask.generation, accept()), "stale");
    until("its end", || (gateway.heard.lock().unwrap().closed.len() == 1).then_some(()));
}

#[test]
fn a_refusal_says_what_the_decider_said_and_nothing_is_made_for_it() {
    let gateway = Gateway::deciding(options(), |ask| {
        Some(if ask.query == "key=right" { accept() } else { refuse("NetStream.Publish.Denied", "wrong key") })
    });
    let mut wrong = Peer::connect(gateway.rtmp(), Intent::Publish, "live/cam?key=wrong");
    assert_eq!(wrong.rejection(), ("NetStream.Publish.Denied".to_owned(), "wrong key".to_owned()));
    assert!(gateway.streams().is_empty());
    let _publisher = Publisher::start(gateway.rtmp(), "live/cam?key=right");
    assert_eq!(gateway.streams().len(), 1);
}

#[test]
fn hostile_78_denied_requests_leave_no_streams_behind() {
    let gateway = Gateway::deciding(options(), |_| Some(refuse("NetStream.Play.Failed", "no")));
    for round in 0..50 {
        let mut peer = Peer::connect(gateway.rtmp(), Intent::Play, &format!("room{round}/name"));
        peer.rejection();
    }
    until("the connections to be gone", || gateway.connections().is_empty().then_some(()));
    assert_eq!(gateway.health().iter().map(|shard| shard.streams).sum::<u32>(), 0);
}

#[test]
fn media_that_comes_with_the_request_waits_for_the_decision() {
    let gateway = Gateway::deciding(options(), |_| {
        std::thread::sleep(Duration::from_millis(100));
        Some(accept())
    });
    let mut player = Peer::play(gateway.rtmp(), "live/eager");
    let mut publisher = Publisher::start(gateway.rtmp(), "live/eager");
    publisher.send(3);
    player.until("the frames", |p| p.has_number(MediaKind::Audio, 2));
    assert_eq!(player.numbers(MediaKind::Video), [0, 1, 2]);
}
