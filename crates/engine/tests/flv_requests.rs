//! HTTP-FLV requests that are refused: wrong, too large, too slow, not allowed; beside a stream that plays on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::flv::FlvPlayer;
use common::{Gateway, Publisher, accept, options, refuse, until};
use rtmp_gateway_engine::{Engine, EngineOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

/// Status, head and body of the answer to bytes sent as they are.
fn answer(address: SocketAddr, request: &[u8]) -> (u16, String, String) {
    let mut player = FlvPlayer::raw(address, request);
    let body = player.finish();
    (player.status(), player.head.clone(), body)
}

#[test]
fn every_refusal_has_its_status_and_is_problem_json() {
    let gateway = Gateway::start(options());
    let long = format!("GET /flv/live/a.flv?{} HTTP/1.1\r\n\r\n", "x".repeat(20_000));
    for (request, status, code) in [
        ("GET / HTTP/1.1\r\n\r\n", 404, "GW_ROUTE_NOT_FOUND"),
        ("GET /flv/live/none.flv HTTP/1.1\r\n\r\n", 404, "GW_STREAM_NOT_FOUND"),
        ("POST /flv/live/a.flv HTTP/1.1\r\n\r\n", 405, "GW_METHOD_NOT_ALLOWED"),
        ("GET /flv/live/..%2fa.flv HTTP/1.1\r\n\r\n", 400, "GW_NAME_INVALID"),
        ("GET /flv/live/a.flv?wait=x HTTP/1.1\r\n\r\n", 400, "GW_REQUEST_INVALID"),
        ("nonsense\r\n\r\n", 400, "GW_REQUEST_INVALID"),
        (&long, 431, "GW_REQUEST_INVALID"),
    ] {
        let (got, head, body) = answer(gateway.flv(), request.as_bytes());
        let shown = &request[..request.len().min(40)];
        assert_eq!(got, status, "{shown}");
        assert!(head.contains("\r\nContent-Type: application/problem+json\r\n"), "{head}");
        assert!(
            body.contains(&format!(r#""code":"{code}""#)) && body.contains(&format!(r#""status":{status},"#)),
            "{body}"
        );
    }
    let (status, head, _) = answer(gateway.flv(), b"OPTIONS /flv/live/a.flv HTTP/1.1\r\nOrigin: http://x\r\n\r\n");
    assert_eq!(status, 204);
    assert!(head.contains("\r\nAccess-Control-Allow-Methods: GET, OPTIONS\r\n"), "{head}");
    until("the connections to be gone", || gateway.connections().is_empty().then_some(()));
    assert_eq!(gateway.engine.panics(), 0);
}

#[test]
fn a_refused_request_says_why_and_an_unanswered_one_ends_in_time() {
    let decision_timeout = Duration::from_millis(200);
    let gateway = Gateway::deciding(EngineOptions { decision_timeout, ..options() }, |ask| match &*ask.name {
        "denied" => Some(refuse("NetStream.Play.Failed", "members \"only\"")),
        "silent" => None,
        _ => Some(accept()),
    });
    let get = |name: &str| answer(gateway.flv(), format!("GET /flv/live/{name}.flv HTTP/1.1\r\n\r\n").as_bytes());
    let (status, _, body) = get("denied");
    assert_eq!(status, 403);
    assert!(body.contains(r#""detail":"members \"only\"""#), "{body}");
    let (status, _, body) = get("silent");
    assert_eq!(status, 503);
    assert!(body.contains(r#""code":"GW_DECISION_TIMEOUT""#), "{body}");
    until("the end to be told", || (gateway.heard.lock().unwrap().closed.len() == 2).then_some(()));
}

#[test]
fn hostile_01_class_half_a_request_holds_no_stream_and_strangers_who_talk_on_are_closed() {
    let gateway = Gateway::start(options());
    let mut publisher = Publisher::start(gateway.rtmp(), "live/bystander");
    publisher.send(3);
    let mut bystander = FlvPlayer::get(gateway.flv(), "/flv/live/bystander.flv");
    bystander.until("its start", |p| p.numbers(rtmp_gateway_flv::TagKind::Audio).contains(&2));
    let halves: Vec<_> = (0..50).map(|_| FlvPlayer::raw(gateway.flv(), b"GET /flv/live/bystander.flv HT")).collect();
    let mut talker = FlvPlayer::get(gateway.flv(), "/flv/live/bystander.flv");
    talker.until("its start", |p| p.header.is_some());
    while talker.socket.write_all(&[b'x'; 10_000]).is_ok() {
        publisher.send(1);
        talker.read(Duration::from_millis(5));
    }
    publisher.send(3);
    let last = publisher.next - 1;
    bystander.until("its last frame", |p| p.numbers(rtmp_gateway_flv::TagKind::Audio).contains(&last));
    assert_eq!(bystander.numbers(rtmp_gateway_flv::TagKind::Video), (0..=last).collect::<Vec<_>>());
    let waiting = gateway.connections().into_iter().filter(|connection| connection.state == "request").count();
    assert_eq!(waiting, halves.len());
    drop(halves);
    until("the halves to be gone", || (gateway.connections().len() == 2).then_some(()));
}

#[test]
fn a_port_in_use_names_its_flag() {
    let gateway = Gateway::start(options());
    let error = Engine::start(EngineOptions { flv_port: Some(gateway.flv().port()), ..options() }).unwrap_err();
    assert_eq!(error.code(), "GW_PORT_IN_USE");
    assert!(error.to_string().contains("--flv-port"), "{error}");
}
