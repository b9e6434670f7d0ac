//! Senders that mark every slice or every NAL unit: their marker must never end a frame.

mod common;
use common::*;

#[test]
fn a_sender_that_marks_every_slice_is_understood_from_the_start() {
    let mut scene = Scene::default();
    for number in 0..20 {
        let slices = if number == 0 { [IDR, IDR_SLICE_2, IDR_SLICE_3] } else { [P, P_SLICE_2, P_SLICE_3] };
        if number == 0 {
            scene.send(true, SPS);
            scene.send(true, PPS);
        }
        slices.iter().for_each(|slice| scene.send(true, slice));
        scene.next_frame();
    }
    assert_eq!(scene.frames.len(), 19);
    assert!(scene.seen().iter().all(|(_, _, nals)| *nals == 3), "{:?}", scene.seen());
    let statistics = scene.buffer.statistics();
    assert_eq!((statistics.damaged, statistics.cut_short), (0, 0));
}

#[test]
fn single_slice_frames_prove_nothing_against_a_marker_on_every_slice_later_and_it_cuts_one_frame_at_most() {
    let mut scene = Scene::default();
    scene.start();
    for _ in 0..5 {
        [P, P_SLICE_2].iter().for_each(|slice| scene.send(true, slice));
        scene.next_frame();
    }
    assert_eq!(scene.numbers(), [0, 1, 2, 3, 4, 5], "frame 5 was believed whole, the rest is held");
    assert!(scene.buffer.is_waiting_for_keyframe());
    for number in 0..5 {
        if number == 0 {
            scene.send(true, SPS_PPS);
        }
        let slices = if number == 0 { [IDR, IDR_SLICE_2] } else { [P, P_SLICE_2] };
        slices.iter().for_each(|slice| scene.send(true, slice));
        scene.next_frame();
    }
    assert_eq!(scene.numbers(), [0, 1, 2, 3, 4, 5, 10, 11, 12, 13]);
    assert!(scene.seen().iter().skip(6).all(|(_, _, nals)| *nals == 2));
    assert_eq!(scene.buffer.statistics().cut_short, 1);
}

#[test]
fn a_refuted_marker_is_not_believed_in_quiet_either() {
    let mut scene = Scene::default();
    scene.send(true, SPS_PPS);
    [IDR, IDR_SLICE_2, IDR_SLICE_3].iter().for_each(|slice| scene.send(true, slice));
    scene.next_frame();
    scene.send(true, P);
    scene.wait(ms(2_000));
    assert_eq!(scene.numbers(), [0]);
    scene.send(true, P_SLICE_2);
    scene.next_frame();
    scene.send(true, P);
    assert_eq!(scene.seen(), [(0, true, 3), (3_000, false, 2)]);
}
