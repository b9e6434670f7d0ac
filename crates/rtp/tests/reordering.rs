//! Reordering, duplicates and wrapping counters.

mod common;
use bytes::Bytes;
use common::*;
use rtmp_gateway_rtp::MediaPacket;

#[test]
fn every_order_of_two_frames_gives_both() {
    let packets: [(u16, u32, bool, &[u8]); 4] =
        [(65_534, 0, false, SPS_PPS), (65_535, 0, true, IDR), (0, 3_000, false, P), (1, 3_000, true, P_SLICE_2)];
    for order in permutations(&[0, 1, 2, 3]) {
        let mut scene = Scene::default();
        for index in &order {
            let (sequence_number, timestamp, marker, payload) = packets[*index];
            let payload = Bytes::from_static(payload);
            let now = scene.now();
            // Polled at the end only: the first packets of a stream may be overtaken.
            scene.buffer.handle_packet(now, MediaPacket { sequence_number, timestamp, marker, payload });
        }
        scene.wait(ms(40));
        assert_eq!(scene.seen(), [(0, true, 1), (3_000, false, 2)], "{order:?}");
    }
}

fn permutations(items: &[usize]) -> Vec<Vec<usize>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let with_first = |first: &usize| {
        let rest: Vec<usize> = items.iter().copied().filter(|item| item != first).collect();
        permutations(&rest).into_iter().map(|tail| [vec![*first], tail].concat()).collect::<Vec<_>>()
    };
    items.iter().flat_map(with_first).collect()
}

#[test]
fn duplicates_change_nothing() {
    let mut scene = Scene::default();
    scene.start();
    for _ in 0..20 {
        let (sequence, timestamp) = (scene.sequence, scene.timestamp);
        scene.frame(&[P, P_SLICE_2]);
        scene.arrive(sequence, timestamp, false, P);
        scene.arrive(sequence.wrapping_add(1), timestamp, true, P_SLICE_2);
        scene.arrive(sequence.wrapping_sub(20), timestamp, true, P);
    }
    assert_eq!(scene.frames.len(), 25);
    assert_eq!(scene.buffer.statistics().damaged, 0);
}

#[test]
fn sequence_numbers_and_timestamps_wrap() {
    let mut scene = Scene { sequence: 65_500, timestamp: u32::MAX - 60_000, ..Scene::default() };
    let first = i64::from(scene.timestamp);
    scene.frame(&[SPS_PPS, IDR]);
    (0..200).for_each(|_| scene.frame(&[P]));
    let expected: Vec<i64> = (0..201).map(|number| first + number * i64::from(FRAME_TICKS)).collect();
    assert_eq!(scene.frames.iter().map(|frame| frame.timestamp).collect::<Vec<_>>(), expected);
}

#[test]
fn a_packet_that_comes_back_after_it_was_given_up_is_late() {
    let mut scene = Scene::default();
    scene.start();
    let lost = scene.lose();
    let timestamp = scene.timestamp;
    scene.next_frame();
    scene.frame(&[P]);
    scene.wait(ms(300));
    scene.arrive(lost, timestamp, true, P);
    assert_eq!(scene.frames.len(), 5);
    assert_eq!(scene.buffer.statistics().packets.late, 1);
}
