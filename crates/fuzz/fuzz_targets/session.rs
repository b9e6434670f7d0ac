//! A whole server session after the handshake: bounded answers and events, an end in order, whatever the owner decides.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rtmp_gateway_rtmp::RandomBytes;
use rtmp_gateway_rtmp::limits::MAX_REFUSED_COMMANDS;
use rtmp_gateway_rtmp::session::server::{CloseReason, Event, Output, ServerConfig, ServerSession};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// One start for all runs: a finding then replays.
fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(Instant::now)
}

/// Polls until silent and lets `choices` decide; returns the bytes answered.
fn drain(session: &mut ServerSession, now: Instant, choices: &mut u32, refused: &mut u32) -> usize {
    let mut answered = 0;
    while let Some(output) = session.poll_output() {
        let event = match output {
            Output::Transmit(bytes) => {
                answered += bytes.len();
                continue;
            }
            Output::Event(event) => event,
        };
        let choice = *choices & 3;
        *choices = choices.rotate_right(2);
        match event {
            Event::PublishRequested(request) if choice == 0 => {
                session.reject_publish(now, request.message_stream_id, "NetStream.Publish.BadName", "taken");
            }
            Event::PublishRequested(request) if choice < 3 => {
                session.accept_publish(now, request.message_stream_id);
            }
            Event::PlayRequested(request) if choice == 0 => {
                session.reject_play(now, request.message_stream_id, "NetStream.Play.StreamNotFound", "none");
            }
            Event::PlayRequested(request) if choice < 3 => {
                session.accept_play(now, request.message_stream_id);
            }
            Event::Refused(what) => {
                *refused += 1;
                assert!(what.detail.bytes().all(|byte| (0x20..0x7F).contains(&byte)), "unescaped: {:?}", what.detail);
            }
            _ => {}
        }
    }
    answered
}

fuzz_target!(|data: &[u8]| {
    let Some((head, input)) = data.split_first_chunk::<5>() else { return };
    let [piece, choices @ ..] = *head;
    let mut choices = u32::from_le_bytes(choices);
    let mut session = ServerSession::new(ServerConfig::default(), start(), RandomBytes::new([1; 32]));
    let mut handshake = vec![0; 1 + 2 * 1536];
    handshake[0] = 3;
    session.handle_input(start(), &handshake).expect("a plain handshake");
    let mut refused = 0;
    drain(&mut session, start(), &mut choices, &mut refused);

    let (mut answered, mut now) = (0, start());
    for bytes in input.chunks(1 + usize::from(piece) * 7) {
        now += Duration::from_millis(1 + u64::from(choices & 0xFF));
        let failed = session.handle_input(now, bytes).is_err();
        answered += drain(&mut session, now, &mut choices, &mut refused);
        assert!(session.poll_output().is_none());
        if failed || session.handle_timeout(now).is_err() {
            assert!(!session.wants_input() && session.handle_input(now, b"x").is_err());
            break;
        }
        if let Some(at) = session.poll_timeout() {
            assert!(at > now, "a deadline in the past would spin");
        }
    }
    assert!(refused <= MAX_REFUSED_COMMANDS + 1);
    assert!(answered <= 16_000 + 10 * input.len(), "{answered} bytes answered to {}", input.len());
    session.close(now, CloseReason::ServerShutdown);
    while session.poll_output().is_some() {}
});
