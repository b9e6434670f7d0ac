//! Silence, pings and deadlines of connections in every state, on a clock of the test's own.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod common;

use common::{Raw, at};
use rtmp_gateway_rtmp::amf0::Value;
use rtmp_gateway_rtmp::message::kind;
use rtmp_gateway_rtmp::session::SessionError;
use rtmp_gateway_rtmp::session::server::{State, StateName};

fn playing() -> Raw {
    let mut raw = Raw::connected();
    raw.command(0, "createStream", 2.0, Value::Null, vec![]).unwrap();
    raw.command(1, "play", 3.0, Value::Null, vec![Value::string("cam")]).unwrap();
    assert!(raw.server.accept_play(raw.now, 1));
    raw.collect();
    raw.answers.clear();
    raw
}

fn pings(raw: &mut Raw) -> usize {
    raw.collect();
    std::mem::take(&mut raw.answers).iter().filter(|m| m.type_id == kind::USER_CONTROL && m.body[..2] == [0, 6]).count()
}

fn pong(raw: &mut Raw, milliseconds: u64) {
    raw.now = at(milliseconds);
    raw.message(2, kind::USER_CONTROL, 0, &[0, 7, 0, 0, 0, 0]).unwrap();
}

#[test]
fn a_silent_publisher_is_pinged_and_then_closed() {
    let mut raw = Raw::publishing("cam");
    raw.now = at(5_000);
    raw.message(4, kind::AUDIO, 1, b"a").unwrap();
    raw.answers.clear();
    assert_eq!(raw.server.poll_timeout(), Some(at(20_000)));
    raw.server.handle_timeout(at(20_000)).unwrap();
    assert_eq!(pings(&mut raw), 1);
    assert_eq!(raw.server.poll_timeout(), Some(at(35_000)));
    assert_eq!(raw.server.handle_timeout(at(35_000)), Err(SessionError::IdleTimeout));
}

#[test]
fn a_player_that_never_answers_pings_is_left_alone() {
    let mut raw = playing();
    for minute in 1..60 {
        raw.server.handle_timeout(at(minute * 60_000)).unwrap();
        assert_eq!(pings(&mut raw), 1);
    }
}

#[test]
fn a_player_that_answered_once_must_go_on_answering() {
    let mut raw = playing();
    for round in 1..10u64 {
        raw.server.handle_timeout(at(round * 20_000)).unwrap();
        assert_eq!(pings(&mut raw), 1);
        pong(&mut raw, round * 20_000 + 100);
    }
    assert_eq!(raw.server.handle_timeout(at(180_100 + 29_999)), Ok(()));
    assert_eq!(raw.server.handle_timeout(at(180_100 + 30_000)), Err(SessionError::IdleTimeout));
}

#[test]
fn a_connection_that_became_useless_has_its_time_again() {
    let mut raw = playing();
    raw.now = at(100_000);
    raw.command(1, "closeStream", 0.0, Value::Null, vec![]).unwrap();
    assert_eq!(raw.server.state(), State { name: StateName::Connected, since: at(100_000) });
    assert_eq!(raw.server.poll_timeout(), Some(at(130_000)));
    assert_eq!(raw.server.handle_timeout(at(129_999)), Ok(()));
    assert_eq!(raw.server.handle_timeout(at(130_000)), Err(SessionError::CommandTimeout));
}

#[test]
fn hostile_01_rejected_requests_do_not_prolong_the_deadline() {
    let mut raw = Raw::connected();
    raw.command(0, "createStream", 2.0, Value::Null, vec![]).unwrap();
    for second in [5u64, 10, 29] {
        raw.now = at(second * 1_000);
        raw.command(1, "play", 3.0, Value::Null, vec![Value::string("cam")]).unwrap();
        assert_eq!(raw.server.state().name, StateName::Deciding);
        assert_eq!(raw.server.poll_timeout(), None, "a decision is the owner's to bound");
        assert!(raw.server.reject_play(raw.now, 1, "NetStream.Play.StreamNotFound", "no"));
        raw.collect();
        assert_eq!(raw.server.poll_timeout(), Some(at(30_000)));
    }
    assert_eq!(raw.server.handle_timeout(at(30_000)), Err(SessionError::CommandTimeout));
}

#[test]
fn the_time_a_decision_took_is_not_held_against_the_publisher() {
    let mut raw = Raw::connected();
    raw.command(0, "createStream", 2.0, Value::Null, vec![]).unwrap();
    raw.command(1, "publish", 3.0, Value::Null, vec![Value::string("cam")]).unwrap();
    assert!(raw.server.accept_publish(at(60_000), 1));
    assert_eq!(raw.server.state(), State { name: StateName::Publishing, since: at(60_000) });
    assert_eq!(raw.server.handle_timeout(at(60_001)), Ok(()));
}

#[test]
fn a_waiting_session_is_small() {
    // 10,000 idle connections may cost 10 KiB each, the socket's own buffers included.
    assert!(size_of::<rtmp_gateway_rtmp::session::server::ServerSession>() <= 768);
}
