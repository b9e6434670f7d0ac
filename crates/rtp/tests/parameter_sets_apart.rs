//! SPS and PPS as packets of their own, marked or not, with the keyframe's timestamp or another one.

mod common;
use common::*;
use std::sync::Arc;

fn with_prelude(prelude: &[(bool, &[u8], u32)]) -> Scene {
    let mut scene = Scene::default();
    for (marker, payload, ticks) in prelude {
        scene.send(*marker, payload);
        scene.timestamp += ticks;
    }
    scene.frame(&[IDR]);
    scene.frame(&[P]);
    assert_eq!(scene.frames.len(), 1, "{prelude:?}");
    assert!(scene.frames[0].keyframe);
    assert_eq!(scene.frames[0].parameter_sets.sps, [SPS]);
    assert_eq!(scene.frames[0].parameter_sets.pps, [PPS]);
    assert_eq!(scene.buffer.statistics().damaged, 0);
    scene
}

#[test]
fn as_a_marked_packet_with_the_keyframes_timestamp() {
    with_prelude(&[(true, SPS_PPS, 0)]);
}

#[test]
fn as_two_marked_packets_with_the_keyframes_timestamp() {
    with_prelude(&[(true, SPS, 0), (true, PPS, 0)]);
}

#[test]
fn as_packets_with_timestamps_of_their_own() {
    with_prelude(&[(true, SPS_PPS, 1_500)]);
    with_prelude(&[(true, SPS, 10), (true, PPS, 10)]);
    with_prelude(&[(false, SPS, 10), (false, PPS, 10)]);
}

#[test]
fn marked_ones_before_every_keyframe_do_not_refute_the_marker() {
    let mut scene = Scene::default();
    scene.start();
    for round in 1..10 {
        scene.send(true, SPS_PPS);
        scene.send(true, IDR);
        assert_eq!(scene.frames.len(), 5 * round + 1, "keyframe {round} left with its last packet");
        scene.next_frame();
        (0..4).for_each(|_| scene.frame(&[P]));
    }
    let first = &scene.frames[0].parameter_sets;
    assert!(scene.frames.iter().all(|frame| Arc::ptr_eq(&frame.parameter_sets, first)));
}

#[test]
fn lost_ones_keep_the_keyframe_back_unless_they_come_again() {
    for resent in [true, false] {
        let mut scene = Scene::default();
        scene.start();
        let lost = scene.lose();
        let timestamp = scene.timestamp;
        scene.frame(&[IDR]);
        scene.frame(&[P]);
        if resent {
            scene.arrive(lost, timestamp, true, SPS_PPS);
            assert_eq!(scene.numbers(), [0, 1, 2, 3, 4, 5, 6]);
        } else {
            scene.wait(ms(300));
            assert_eq!(scene.numbers(), [0, 1, 2, 3, 4], "new parameter sets may have been in the lost packet");
        }
    }
}

#[test]
fn none_at_all_but_in_the_session_description() {
    let mut scene = Scene::default();
    scene.buffer.set_parameter_sets(&[SPS.into()], &[PPS.into()]).unwrap();
    scene.frame(&[IDR]);
    (0..4).for_each(|_| scene.frame(&[P]));
    assert_eq!(scene.numbers(), [0, 1, 2, 3, 4]);
    // A hole in front of the next keyframe cannot have held parameter sets of this sender.
    scene.lose();
    scene.next_frame();
    scene.frame(&[IDR]);
    scene.wait(ms(250));
    assert_eq!(scene.numbers(), [0, 1, 2, 3, 4, 6]);
}

#[test]
fn none_at_all_means_no_picture() {
    let mut scene = Scene::default();
    (0..5).for_each(|_| scene.frame(&[IDR]));
    assert_eq!(scene.frames.len(), 0);
    assert!(scene.buffer.statistics().held >= 3);
    let now = scene.now();
    assert!(scene.buffer.poll_keyframe_request(now));
}

#[test]
fn new_ones_in_mid_stream_change_the_pointer_with_their_frame() {
    let mut scene = Scene::default();
    scene.start();
    scene.frame(&[&[0x67, 0x42, 0xc0, 0x1f, 0x80, 9], PPS, IDR]);
    scene.frame(&[P]);
    let sets: Vec<_> = scene.frames.iter().map(|frame| frame.parameter_sets.sps[0][5]).collect();
    assert_eq!(sets, [1, 1, 1, 1, 1, 9, 9]);
    assert!(Arc::ptr_eq(&scene.frames[5].parameter_sets, &scene.frames[6].parameter_sets));
}
