//! HOSTILE rows 1 to 3: slow, foreign and forged handshakes.

mod common;

use std::time::Duration;

use common::{at, drain, handshake, server, start};
use rtmp_gateway_rtmp::limits::HANDSHAKE_DEADLINE;
use rtmp_gateway_rtmp::session::SessionError;
use rtmp_gateway_rtmp::session::server::StateName;

#[test]
fn hostile_01_a_trickling_handshake_ends_at_the_absolute_deadline() {
    let mut server = server();
    let bytes = handshake();
    assert_eq!(server.poll_timeout(), Some(start() + HANDSHAKE_DEADLINE));
    for (second, byte) in bytes[..2].iter().enumerate() {
        let now = at(second as u64 * 5_000);
        server.handle_input(now, &[*byte]).unwrap();
        server.handle_timeout(now).unwrap();
        assert_eq!(server.poll_timeout(), Some(start() + HANDSHAKE_DEADLINE));
    }
    let end = start() + HANDSHAKE_DEADLINE;
    server.handle_timeout(end - Duration::from_millis(1)).unwrap();
    assert_eq!(server.handle_timeout(end), Err(SessionError::HandshakeTimeout));
    assert_eq!(server.handle_input(end, &bytes), Err(SessionError::HandshakeTimeout));
}

#[test]
fn hostile_01_a_peer_that_never_connects_ends_too() {
    let mut server = server();
    server.handle_input(at(1_000), &handshake()).unwrap();
    assert_eq!(server.state().name, StateName::Connecting);
    drain(&mut server);
    // Pings do not prolong it.
    let ping = [2, 0, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0, 0, 6, 0, 0, 0, 1];
    server.handle_input(at(30_000), &ping).unwrap();
    let end = server.poll_timeout().unwrap();
    assert_eq!(end, at(31_000));
    assert_eq!(server.handle_timeout(end), Err(SessionError::CommandTimeout));
}

#[test]
fn hostile_02_other_protocols_are_refused_at_their_first_byte() {
    let strangers: [&[u8]; 8] = [
        &[0x00],
        &[0x06],
        &[0x08],
        &[0xFF],
        &[0x16, 0x03, 0x01, 0x02, 0x00, 0x01],
        b"GET / HTTP/1.1\r\n\r\n",
        b"OPTIONS rtsp://x RTSP/1.0\r\n",
        b"SSH-2.0-x\r\n",
    ];
    for bytes in strangers {
        let mut server = server();
        let error = server.handle_input(start(), bytes).unwrap_err();
        assert_eq!(error.code(), "RTMP_BAD_VERSION", "{bytes:?}");
        assert_eq!(drain(&mut server), (vec![], vec![]));
        assert!(!server.wants_input());
    }
}

#[test]
fn hostile_02_neighbouring_versions_are_answered_with_3() {
    for version in [1, 2, 3, 4, 5] {
        let mut server = server();
        let mut bytes = handshake();
        bytes[0] = version;
        server.handle_input(start(), &bytes).unwrap();
        assert_eq!(drain(&mut server).0[0], 3);
    }
}

#[test]
fn hostile_03_a_forged_digest_is_answered_plainly() {
    // Offsets of every size, zero to beyond the block, with a version that promises a digest.
    for fill in [0x00, 0x01, 0x7F, 0xB6, 0xFF] {
        let mut server = server();
        let mut bytes = vec![fill; 1 + 2 * 1536];
        bytes[0] = 3;
        bytes[5..9].copy_from_slice(&[9, 0, 124, 2]);
        server.handle_input(start(), &bytes).unwrap();
        let (answer, _) = drain(&mut server);
        assert_eq!(answer.len(), 1 + 2 * 1536);
        assert_eq!(answer[1 + 1536..], bytes[1..1 + 1536], "S2 echoes C1");
        assert_eq!(server.state().name, StateName::Connecting);
    }
}

#[test]
fn hostile_03_any_c2_will_do() {
    let mut server = server();
    let mut bytes = handshake();
    bytes[1 + 1536..].fill(0xA5);
    server.handle_input(start(), &bytes).unwrap();
    assert_eq!(server.state().name, StateName::Connecting);
}
