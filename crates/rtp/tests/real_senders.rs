//! Tolerated oddities of real senders, one test each.

mod common;
use bytes::Bytes;
use common::*;

#[test]
fn empty_packets_that_probe_the_bandwidth() {
    let mut scene = Scene::default();
    scene.start();
    // Chromium's prober sends them with the last frame's timestamp; others with any.
    scene.timestamp -= FRAME_TICKS;
    scene.send(false, &[]);
    scene.timestamp += FRAME_TICKS;
    scene.send(false, &[]);
    scene.frame(&[P]);
    scene.timestamp += 7;
    scene.send(false, &[]);
    scene.timestamp -= 7;
    scene.frame(&[P]);
    assert_eq!(scene.numbers(), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(scene.buffer.statistics().damaged, 0);
}

#[test]
fn cameras_that_pass_start_codes_on() {
    let mut scene = Scene::default();
    scene
        .frame(&[&[0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1f, 0x80, 1, 0, 0, 1, 0x68, 0x80, 1], &[0, 0, 0, 1, 0x65, 0x88, 1]]);
    scene.frame(&[&[0, 0, 1, 0x41, 0x9a, 1]]);
    scene.frame(&[P]);
    assert_eq!(scene.seen(), [(0, true, 1), (3_000, false, 1)]);
}

#[test]
fn cameras_that_pad_aggregates_with_zeros() {
    let mut scene = Scene::default();
    scene.frame(&[&[SPS_PPS, &[0, 0, 0]].concat(), IDR]);
    scene.frame(&[P]);
    assert_eq!(scene.numbers(), [0]);
}

#[test]
fn two_pictures_with_one_timestamp() {
    let mut scene = Scene::default();
    scene.start();
    for _ in 0..3 {
        scene.send(true, P);
        scene.send(true, P);
        scene.next_frame();
    }
    assert_eq!(scene.frames.len(), 5 + 6);
    assert_eq!((scene.buffer.statistics().cut_short, scene.buffer.statistics().damaged), (0, 0));
}

#[test]
fn two_pictures_with_one_timestamp_from_the_start() {
    let mut scene = Scene::default();
    scene.send(false, SPS_PPS);
    scene.send(true, IDR);
    scene.send(true, P);
    scene.next_frame();
    scene.frame(&[P]);
    assert_eq!(scene.seen(), [(0, true, 1), (0, false, 1)]);
}

#[test]
fn delimiters_sei_filler_and_ends_of_sequence_around_pictures() {
    let mut scene = Scene::default();
    scene.frame(&[&[0x09, 0x10], SPS_PPS, &[0x06, 5, 1], IDR]);
    for _ in 0..5 {
        scene.frame(&[&[0x09, 0x30], &[0x06, 5, 1], P, &[0x0c, 0xff]]);
    }
    // Filler behind the marker: belongs to nothing.
    scene.send(true, P);
    scene.send(false, &[0x0c, 0xff]);
    scene.next_frame();
    scene.frame(&[P]);
    assert_eq!(scene.seen()[1], (3_000, false, 2));
    assert_eq!(scene.numbers(), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(scene.buffer.statistics().damaged, 0);
}

#[test]
fn everything_of_a_frame_in_one_aggregate() {
    let mut scene = Scene::default();
    scene.frame(&[&[SPS_PPS, &[0, 3, 0x65, 0x88, 1, 0, 3, 0x65, 0x40, 2]].concat()]);
    scene.frame(&[&[0x58, 0, 3, 0x41, 0x9a, 1, 0, 3, 0x41, 0x40, 2]]);
    scene.frame(&[P]);
    assert_eq!(scene.seen(), [(0, true, 2), (3_000, false, 2)]);
}

#[test]
fn fragmented_parameter_sets() {
    let mut scene = Scene::default();
    scene.frame(&[&[0x7c, 0x87, 0x42, 0xc0], &[0x7c, 0x47, 0x1f, 0x80, 1], PPS, IDR]);
    scene.frame(&[P]);
    assert_eq!(scene.frames[0].parameter_sets.sps, [SPS]);
}

#[test]
fn timestamps_of_reordered_pictures_go_back() {
    let mut scene = Scene::default();
    scene.frame(&[SPS_PPS, IDR]);
    for timestamp in [9_000, 3_000, 6_000, 18_000, 12_000, 15_000] {
        scene.timestamp = timestamp;
        scene.send(true, P);
    }
    scene.timestamp = 21_000;
    scene.send(true, P);
    assert_eq!(scene.numbers(), [0, 3, 1, 2, 6, 4, 5, 7]);
}

#[test]
fn a_pause_of_minutes_is_no_damage() {
    let mut scene = Scene::default();
    scene.start();
    scene.wait(ms(600_000));
    scene.timestamp = scene.timestamp.wrapping_add(600 * 90_000);
    scene.frame(&[P]);
    assert_eq!(scene.frames.len(), 6);
    assert!(scene.buffer.statistics().packets.jitter < ms(10));
}

#[test]
fn the_first_keyframe_of_ffmpeg_starts_with_sei_in_front_of_the_sps() {
    const SEI: &[u8] = &[0x06, 5, 1, 0, 0x80];
    let parameter_sets = SPS_PPS.get(1..).unwrap();
    let aggregate = [&[0x78, 0, SEI.len() as u8][..], SEI, parameter_sets].concat();
    for packets in [&[aggregate.as_slice(), IDR][..], &[SEI, SPS_PPS, IDR]] {
        let mut scene = Scene::default();
        scene.frame(packets);
        scene.frame(&[P]);
        scene.frame(&[P]);
        assert_eq!(scene.numbers(), [0, 1]);
        assert_eq!(scene.buffer.statistics().held, 0);
    }
}

#[test]
fn the_first_keyframe_of_ffmpeg_starts_with_sei_and_leaves_the_parameter_sets_to_the_description() {
    let mut scene = Scene::default();
    scene.buffer.set_parameter_sets(&[Bytes::from_static(SPS)], &[Bytes::from_static(PPS)]).unwrap();
    scene.frame(&[&[0x06, 5, 1, 0, 0x80], IDR]);
    scene.frame(&[P]);
    scene.frame(&[P]);
    assert_eq!(scene.numbers(), [0, 1]);
}
