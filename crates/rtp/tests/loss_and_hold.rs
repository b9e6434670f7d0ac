//! A hole that stays: hold, ask for a keyframe at most every 500 ms, go on at the keyframe, count it.

mod common;
use common::*;
use rtmp_gateway_rtp::jitter::JitterConfig;

#[test]
fn nothing_leaves_between_a_hole_and_the_next_keyframe() {
    let mut scene = Scene::default();
    scene.start();
    scene.lose();
    scene.next_frame();
    let mut requests = 0;
    for number in 6..66 {
        scene.frame(&[P]);
        let now = scene.now();
        requests += u32::from(scene.buffer.poll_keyframe_request(now));
        assert_eq!(scene.frames.len(), 5, "at frame {number}");
    }
    // 2 s with a hole, the first 250 ms of them hoping for a resend.
    assert_eq!(requests, 4);
    scene.frame(&[SPS_PPS, IDR]);
    (0..10).for_each(|_| scene.frame(&[P]));
    assert_eq!(scene.numbers()[5..8], [66, 67, 68]);
    let now = scene.now() + ms(2_000);
    assert!(!scene.buffer.poll_keyframe_request(now), "the wish is fulfilled");
    let statistics = scene.buffer.statistics();
    assert_eq!((statistics.packets.lost, statistics.damaged), (1, 1));
    assert!(statistics.held > 50);
}

#[test]
fn whole_frames_behind_the_hole_wait_at_most_the_budget() {
    let mut scene = Scene::default();
    scene.start();
    let lost = scene.lose();
    let timestamp = scene.timestamp;
    scene.next_frame();
    scene.frame(&[P]);
    let behind = scene.now() - FRAME_TIME;
    assert_eq!(scene.buffer.poll_timeout(), Some(behind + ms(200)), "then a keyframe is asked for");
    assert!(!scene.buffer.poll_keyframe_request(behind + ms(199)));
    assert!(scene.buffer.poll_keyframe_request(behind + ms(200)));
    assert_eq!(scene.buffer.poll_timeout(), Some(behind + ms(250)), "then the hole is given up");
    scene.wait(ms(210));
    scene.arrive(lost, timestamp, true, P);
    assert_eq!(scene.numbers(), [0, 1, 2, 3, 4, 5, 6], "resent in time");
}

#[test]
fn a_keyframe_behind_the_hole_ends_the_hold_at_once() {
    let mut scene = Scene::default();
    scene.start();
    scene.lose();
    scene.next_frame();
    scene.frame(&[P]);
    scene.wait(ms(250));
    assert!(scene.buffer.is_waiting_for_keyframe());
    // A second hole in front of the keyframe: nothing in it is worth waiting for.
    scene.lose();
    scene.frame(&[SPS_PPS, IDR]);
    assert_eq!(scene.numbers().last(), Some(&7));
}

#[test]
fn without_retransmission_the_wait_is_short() {
    let mut scene = Scene::new(JitterConfig { retransmission: false, ..JitterConfig::default() });
    scene.start();
    scene.lose();
    scene.next_frame();
    scene.frame(&[P]);
    scene.wait(ms(1));
    assert!(scene.buffer.is_waiting_for_keyframe(), "reordering alone fills holes within 10 ms");
}

#[test]
fn others_may_want_a_keyframe_too_and_share_the_throttle() {
    let mut scene = Scene::default();
    scene.start();
    let now = scene.now();
    (0..100).for_each(|_| scene.buffer.request_keyframe(now));
    assert!(scene.buffer.poll_keyframe_request(now));
    assert!(!scene.buffer.poll_keyframe_request(now + ms(499)));
    assert_eq!(scene.buffer.poll_timeout(), Some(now + ms(500)));
    assert!(scene.buffer.poll_keyframe_request(now + ms(500)));
    scene.frame(&[SPS_PPS, IDR]);
    assert!(!scene.buffer.poll_keyframe_request(now + ms(5_000)));
}

#[test]
fn a_stream_joined_in_the_middle_is_asked_for_a_keyframe_at_once() {
    let mut scene = Scene::default();
    scene.send(true, P);
    let now = scene.now();
    assert!(scene.buffer.poll_keyframe_request(now));
    let mut scene = Scene::default();
    scene.send(false, SPS_PPS);
    assert!(!scene.buffer.poll_keyframe_request(now), "one is on its way");
}
