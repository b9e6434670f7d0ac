//! On a clean network the buffer adds nothing once the sender's marker has proven itself.

mod common;
use common::*;

#[test]
fn frames_leave_with_their_last_packet() {
    let mut scene = Scene::default();
    scene.start();
    for number in 5..100 {
        for (index, payload) in [P, P_SLICE_2, P_SLICE_3].iter().enumerate() {
            assert_eq!(scene.frames.len(), number);
            scene.send(index == 2, payload);
        }
        let frame = &scene.frames[number];
        assert_eq!((frame.last_arrival, frame.first_arrival), (scene.now(), scene.now()));
        scene.next_frame();
    }
    let statistics = scene.buffer.statistics();
    assert_eq!((statistics.frames, statistics.damaged, statistics.keyframe_requests), (100, 0, 0));
    assert!(statistics.packets.jitter < ms(1));
}

#[test]
fn before_that_they_leave_with_the_next_frames_first_packet() {
    let mut scene = Scene::default();
    scene.frame(&[SPS_PPS, IDR]);
    assert_eq!(scene.frames.len(), 0);
    scene.frame(&[P]);
    assert_eq!(scene.seen(), [(0, true, 1)]);
    assert!(!scene.buffer.is_waiting_for_keyframe());
}

#[test]
fn or_after_a_short_quiet_time_which_proves_the_marker_too() {
    let mut scene = Scene::default();
    scene.send(false, SPS_PPS);
    scene.send(true, IDR);
    for number in 0..8_usize {
        // A shared screen of one picture a second.
        let proven = number > 3;
        assert_eq!(scene.frames.len(), number + usize::from(proven), "picture {number}");
        scene.wait(ms(29));
        assert_eq!(scene.frames.len(), number + usize::from(proven), "picture {number}");
        scene.wait(ms(971));
        assert_eq!(scene.frames.len(), number + 1);
        scene.timestamp += 90_000;
        scene.send(true, P);
    }
}
