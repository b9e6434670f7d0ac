//! Frames of several slices: any lost slice damages the frame, whichever it is.

mod common;
use common::*;

const SLICES: [&[u8]; 4] = [P, P_SLICE_2, P_SLICE_3, &[0x41, 0x70, 4]];

#[test]
fn whole_ones_leave_with_all_slices() {
    let mut scene = Scene::default();
    scene.start();
    scene.frame(&SLICES);
    assert_eq!(scene.seen()[5], (15_000, false, 4));
}

#[test]
fn a_lost_slice_keeps_the_frame_back_whichever_it_is() {
    for lost in 0..SLICES.len() {
        let mut scene = Scene::default();
        scene.start();
        for (index, slice) in SLICES.iter().enumerate() {
            if index == lost {
                scene.lose();
            } else {
                scene.send(index == 3, slice);
            }
        }
        scene.next_frame();
        scene.frame(&[P]);
        scene.wait(ms(300));
        assert_eq!(scene.numbers(), [0, 1, 2, 3, 4], "slice {lost} lost");
        assert!(scene.buffer.statistics().damaged >= 1);
    }
}

#[test]
fn a_keyframe_whose_first_slice_is_lost_is_no_keyframe() {
    let mut scene = Scene::default();
    scene.send(false, SPS_PPS);
    scene.lose();
    scene.send(false, IDR_SLICE_2);
    scene.send(true, IDR_SLICE_3);
    scene.next_frame();
    scene.frame(&[P]);
    scene.wait(ms(300));
    assert_eq!(scene.frames.len(), 0);
    // The same when the stream is joined in the middle of the keyframe.
    let mut scene = Scene::default();
    scene.buffer.set_parameter_sets(&[SPS.into()], &[PPS.into()]).unwrap();
    scene.frame(&[IDR_SLICE_2, IDR_SLICE_3]);
    scene.frame(&[P]);
    scene.wait(ms(300));
    assert_eq!(scene.frames.len(), 0);
}

#[test]
fn fragmented_slices_are_counted_by_their_packets() {
    let mut scene = Scene::default();
    scene.start();
    let fragments: [&[u8]; 5] =
        [&[0x5c, 0x81, 0x9a, 1], &[0x5c, 0x01, 2], &[0x5c, 0x41, 3], &[0x5c, 0x81, 0x40], &[0x5c, 0x41, 5]];
    scene.frame(&fragments);
    assert_eq!(scene.seen()[5], (15_000, false, 2));
    assert_eq!(scene.frames[5].payload, [&[0, 0, 0, 5, 0x41, 0x9a, 1, 2, 3, 0, 0, 0, 3, 0x41, 0x40, 5][..]].concat());
}
