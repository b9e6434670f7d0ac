//! How sessions begin and end, and what they leave behind.

use super::link::{BROWSER, SERVER, address, full_answer};
use super::*;
use crate::webrtc::PatchError;
use crate::webrtc::peer::SessionState;
use str0m::Candidate;
use str0m::ice::StunMessage;

#[test]
fn a_peer_that_never_connects_is_gone_after_thirty_seconds() {
    let mut link = Link::new(ms(5));
    link.lose = Box::new(|_, _| true);
    let mut world = World::new(link);
    world.run(ms(29_900));
    assert!(world.ended().is_none());
    assert_eq!(world.peers.stats(world.id).map(|s| s.state), Some(SessionState::Connecting));
    world.run(ms(200));
    assert_eq!(world.ended().map(|e| e.1), Some(CloseReason::ConnectTimeout));
    assert_eq!(world.peers.viewers(STREAM), 0);
    assert!(world.sent.is_empty());
}

#[test]
fn a_peer_that_falls_silent_is_closed_by_ice() {
    let mut world = World::connected(Link::new(ms(5)));
    world.link.lose = Box::new(|_, _| true);
    let from = world.elapsed();
    world.run(ms(40_000));
    let (at, reason) = world.ended().expect("end");
    assert_eq!(reason, CloseReason::IceTimeout);
    assert!(at - from > ms(10_000) && at - from < ms(31_000), "{at:?}");
}

#[test]
fn a_blackout_of_three_seconds_is_survived() {
    let mut world = World::connected(Link::new(ms(5)));
    world.link.lose = Box::new(|_, _| true);
    world.run(ms(3_000));
    world.link.lose = Box::new(|_, _| false);
    world.push(&picture(50, 50, 1));
    world.run(ms(100));
    assert!(world.ended().is_none());
    assert_eq!(world.video().count(), 1);
}

#[test]
fn a_removed_session_says_goodbye_and_leaves_nothing() {
    let mut world = World::connected(Link::new(ms(5)));
    assert!(world.peers.remove(world.now, world.id));
    world.run(ms(100));
    assert!(world.browser.closed, "close_notify did not arrive");
    assert_eq!(world.ended().map(|e| e.1), Some(CloseReason::Removed));
    assert!(!world.peers.remove(world.now, world.id));
    assert!(world.peers.stats(world.id).is_none());
    assert_eq!(world.peers.ids().count(), 0);
    // What still arrives finds nobody.
    let unvalidated = world.peers.counters.unvalidated;
    world.peers.handle_datagram(world.now, address(BROWSER), address(SERVER), None, &[0x80; 40]);
    assert_eq!(world.peers.counters.unvalidated, unvalidated + 1);
}

#[test]
fn a_peer_that_says_goodbye_is_gone_at_once() {
    let mut world = World::connected(Link::new(ms(5)));
    world.browser.rtc.close().expect("closed");
    world.run(ms(100));
    assert_eq!(world.ended().map(|e| e.1), Some(CloseReason::PeerClosed));
}

#[test]
fn a_stream_that_ends_takes_its_viewers_along() {
    let mut world = World::connected(Link::new(ms(5)));
    world.peers.end_stream(world.now, STREAM);
    world.run(ms(100));
    assert_eq!(world.ended().map(|e| e.1), Some(CloseReason::StreamEnded));
    assert!(world.browser.closed);
}

#[test]
fn a_stale_session_id_never_finds_another_session() {
    let mut world = World::connected(Link::new(ms(5)));
    let old = world.id;
    world.peers.remove(world.now, old);
    world.run(ms(100));
    let other = World::new(Link::new(ms(5)));
    assert_eq!(other.id.index(), old.index());
    assert_eq!(SessionId::from_u64(old.to_u64()), old);
    let next = SessionId::new(old.index(), old.generation() + 1);
    assert!(world.peers.stats(next).is_none());
}

#[test]
fn the_number_of_sessions_is_bounded() {
    let mut peers = Peers::new(0);
    let world = World::new(Link::new(ms(5)));
    let media = StreamMedia { video: Some(VideoFormat::default()), audio: true };
    let offer = crate::webrtc::setup::tests::full_offer();
    let setup = setup_viewer(&offer, &media, &[address(SERVER)], world.now).expect("setup");
    let error = peers.add_viewer(world.now, setup, STREAM, world.now).expect_err("full");
    assert_eq!(error.code(), "GW_TOO_MANY_SESSIONS");
}

#[test]
fn trickled_candidates_need_no_answer_and_wrong_tags_are_refused() {
    let mut world = World::connected(Link::new(ms(5)));
    let (now, id) = (world.now, world.id);
    let trickle = "m=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:1 1 udp 1 10.0.0.9 9 typ host\r\n";
    let reply = world.peers.patch(now, id, trickle, None).expect("applied");
    assert_eq!(reply.answer, None);
    let quoted = format!("\"{}\"", reply.etag);
    assert!(world.peers.patch(now, id, trickle, Some(&quoted)).is_ok());
    assert!(world.peers.patch(now, id, trickle, Some("*")).is_ok());
    let error = world.peers.patch(now, id, trickle, Some("\"other\"")).expect_err("tag");
    assert_eq!(error.code(), "GW_ETAG_MISMATCH");
    let error = world.peers.patch(now, id, "nonsense", None).expect_err("syntax");
    assert_eq!(error.code(), "GW_SDP_INVALID");
    let gone = SessionId::new(99, 1);
    assert_eq!(world.peers.patch(now, gone, trickle, None).expect_err("gone"), PatchError::SessionNotFound);
}

/// A restart: the browser has moved to another address and has new credentials.
#[test]
fn an_ice_restart_moves_the_session_to_another_address() {
    let mut world = World::connected(Link::new(ms(5)));
    world.push(&picture(0, 50, 1));
    world.run(ms(50));
    assert_eq!(world.video().count(), 1);

    let moved = address("10.0.0.77:6000");
    let old = Candidate::host(address(BROWSER), "udp").expect("candidate");
    world.browser.rtc.direct_api().invalidate_candidate(&old);
    world.browser.rtc.add_local_candidate(Candidate::host(moved, "udp").expect("candidate"));
    world.browser.addresses.push(moved);
    // The old path is dead.
    world.link.lose = Box::new(|_, _| false);
    let mut api = world.browser.rtc.sdp_api();
    let credentials = api.ice_restart(true);
    let (_, pending) = api.apply().expect("offer");
    let fragment = format!(
        "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\nm=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n",
        credentials.ufrag, credentials.pass
    );
    let etag = world.peers.patch(world.now, world.id, "a=end-of-candidates\r\n", None).expect("etag").etag;
    let reply = world.peers.patch(world.now, world.id, &fragment, Some(&etag)).expect("restart");
    assert_ne!(reply.etag, etag);
    let answer = reply.answer.expect("answer");
    let line = |name: &str| answer.lines().find_map(|l| l.strip_prefix(name)).expect("line").to_owned();
    assert_eq!(line("a=ice-ufrag:"), reply.etag);

    // Before the browser applies the answer, its checks with the old credentials are still answered.
    world.run(ms(6_000));
    assert!(world.ended().is_none());

    // The browser applies it: written as the full answer that its library wants.
    let full = full_answer(&world, &line("a=ice-ufrag:"), &line("a=ice-pwd:"));
    world.browser.rtc.sdp_api().accept_answer(pending, full).expect("accepted");
    world.run(ms(1_000));
    world.push(&picture(50, 50, 1));
    world.run(ms(50));
    assert_eq!(world.video().count(), 2, "media is back");
    assert_eq!(world.peers.stats(world.id).and_then(|s| s.remote_address), Some(moved));
}

#[test]
fn a_new_port_of_the_peers_nat_is_followed_within_seconds_and_back_again() {
    let mut world = World::connected(Link::new(ms(5)));
    for (index, alias) in [Some(address("10.0.0.2:7000")), None, Some(address("10.0.0.2:7001"))].into_iter().enumerate()
    {
        world.link.alias = alias;
        let before = world.video().count();
        for frame in 0..200_u64 {
            world.push(&picture((index as u64 * 10 + frame) * 50, 50, 1));
            world.run(FRAME);
        }
        let arrived = world.video().count() - before;
        assert!(arrived >= 200 - 150, "{arrived} of 200 pictures in 8 s after move {index}");
        let at = world.peers.stats(world.id).and_then(|s| s.remote_address);
        assert_eq!(at, Some(alias.unwrap_or(address(BROWSER))));
        assert!(world.ended().is_none());
        world.run(ms(5_000));
    }
}

#[test]
fn a_panic_ends_one_session_only() {
    let mut world = World::connected(Link::new(ms(5)));
    let media = StreamMedia { video: Some(VideoFormat::default()), audio: true };
    let offer = crate::webrtc::setup::tests::full_offer();
    let setup = setup_viewer(&offer, &media, &[address(SERVER)], world.now).expect("setup");
    let other = world.peers.add_viewer(world.now, setup, STREAM, world.now).expect("added");
    world.peers.panic_in(other);
    world.push(&picture(50, 50, 1));
    world.run(ms(50));
    assert_eq!(world.peers.counters.panics, 1);
    assert_eq!(world.ended().map(|e| e.1), Some(CloseReason::Panicked));
    assert!(world.peers.stats(other).is_none());
    assert_eq!(world.video().count(), 1, "the other viewer lost nothing");
}

#[test]
fn hostile_57_a_wrong_fingerprint_closes_the_session() {
    let mut world = World::with_offer(Link::new(ms(5)), |offer| {
        let at = offer.find("a=fingerprint:sha-256 ").expect("fingerprint") + "a=fingerprint:sha-256 ".len();
        let digit = if offer.as_bytes()[at] == b'0' { "1" } else { "0" };
        format!("{}{digit}{}", &offer[..at], &offer[at + 1..])
    });
    world.run(ms(2_000));
    assert!(matches!(world.ended(), Some((_, CloseReason::Failed(_)))), "{:?}", world.ended());
    world.push(&picture(50, 50, 1));
    world.run(ms(100));
    assert_eq!(world.video().count(), 0);
}

#[test]
fn a_check_is_a_message_our_library_can_write() {
    // Guards the tests of this module: the hostile ones build on hand-made checks.
    let id = str0m::ice::TransId::new();
    assert!(StunMessage::binding_request("a:b", id, true, 1, 1, false).is_binding_request());
}
