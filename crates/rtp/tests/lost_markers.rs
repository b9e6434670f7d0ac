//! Senders that never set the marker, and networks or middleboxes that lose it: the next timestamp ends the frame.

mod common;
use common::*;

#[test]
fn a_sender_without_markers_is_served_one_frame_late() {
    let mut scene = Scene::default();
    for number in 0..50_usize {
        scene.send(false, if number == 0 { SPS_PPS } else { P });
        scene.send(false, if number == 0 { IDR } else { P_SLICE_2 });
        scene.wait(ms(33));
        assert_eq!(scene.frames.len(), number);
        scene.next_frame();
    }
    assert_eq!(scene.buffer.statistics().damaged, 0);
}

#[test]
fn a_marker_missing_once_delays_one_frame() {
    let mut scene = Scene::default();
    scene.start();
    scene.send(false, P);
    scene.next_frame();
    assert_eq!(scene.numbers(), [0, 1, 2, 3, 4]);
    scene.frame(&[P]);
    assert_eq!(scene.numbers(), [0, 1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_lost_packet_with_the_marker_damages_its_frame_only_if_not_resent() {
    for resent in [true, false] {
        let mut scene = Scene::default();
        scene.start();
        scene.send(false, P);
        let lost = scene.lose();
        let timestamp = scene.timestamp;
        scene.next_frame();
        scene.frame(&[P]);
        assert_eq!(scene.frames.len(), 5);
        if resent {
            scene.arrive(lost, timestamp, true, P_SLICE_2);
            assert_eq!(scene.numbers(), [0, 1, 2, 3, 4, 5, 6]);
        } else {
            scene.wait(ms(250));
            assert_eq!(scene.numbers(), [0, 1, 2, 3, 4], "the picture is cut: nothing after it may leave");
        }
    }
}
