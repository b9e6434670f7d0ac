//! Hostile and broken input, by the rows of the project's list.

mod common;
use bytes::Bytes;
use common::*;
use rtmp_gateway_rtp::MediaPacket;

/// The stream beside a bad packet: nothing damaged leaves, and the next keyframe ends the hold.
fn damage_then_recovery(bad: &[&[u8]]) {
    let mut scene = Scene::default();
    scene.start();
    for (index, payload) in bad.iter().enumerate() {
        scene.send(index + 1 == bad.len(), payload);
    }
    scene.next_frame();
    scene.frame(&[P]);
    assert_eq!(scene.numbers(), [0, 1, 2, 3, 4], "{bad:?}");
    let now = scene.now();
    assert!(scene.buffer.poll_keyframe_request(now), "{bad:?}");
    let damaged = scene.buffer.statistics().damaged;
    assert!(damaged >= 1, "{bad:?}");
    scene.frame(&[SPS_PPS, IDR]);
    scene.frame(&[P]);
    assert_eq!(scene.numbers()[5..], [7, 8], "{bad:?}");
    assert_eq!(scene.buffer.statistics().damaged, damaged, "{bad:?}");
}

#[test]
fn hostile_68_stap_a_with_a_nal_beyond_the_packet() {
    damage_then_recovery(&[&[0x78, 0, 9, 0x41, 0x9a]]);
    damage_then_recovery(&[&[0x78, 0, 2, 0x41, 0x9a, 0xff, 0xff]]);
}

#[test]
fn hostile_68_stap_a_of_an_empty_nal() {
    damage_then_recovery(&[&[0x78, 0, 0]]);
    damage_then_recovery(&[&[0x78, 0, 0, 0, 2, 0x41, 0x9a]]);
    damage_then_recovery(&[&[0x78]]);
}

#[test]
fn hostile_68_fu_a_with_start_and_end() {
    damage_then_recovery(&[&[0x5c, 0xc1, 0x9a, 1]]);
}

#[test]
fn hostile_68_fu_a_of_one_byte() {
    damage_then_recovery(&[&[0x5c]]);
    damage_then_recovery(&[&[0x5c, 0x81, 0x9a], &[0x5c], &[0x5c, 0x41, 1]]);
}

#[test]
fn hostile_68_fu_a_without_start_or_end() {
    damage_then_recovery(&[&[0x5c, 0x01, 1], &[0x5c, 0x41, 1]]);
    damage_then_recovery(&[&[0x5c, 0x81, 0x9a], &[0x5c, 0x01, 1]]);
    damage_then_recovery(&[&[0x5c, 0x81, 0x9a], P]);
}

#[test]
fn hostile_68_types_nobody_negotiated() {
    for kind in [0, 25, 26, 27, 29, 30, 31] {
        damage_then_recovery(&[&[kind, 1, 2, 3]]);
    }
    damage_then_recovery(&[&[0xc1, 0x9a, 1]]);
}

#[test]
fn hostile_70_a_sender_that_restarts_its_sequence_is_followed() {
    let mut scene = Scene::default();
    scene.start();
    scene.sequence = scene.sequence.wrapping_add(30_000);
    scene.timestamp = scene.timestamp.wrapping_add(0x7000_0000);
    scene.frame(&[SPS_PPS, IDR]);
    (0..4).for_each(|_| scene.frame(&[P]));
    assert_eq!(scene.frames.len(), 10, "not even the first packet of the new sequence is lost");
    assert_eq!(scene.buffer.statistics().packets.restarts, 1);
}

#[test]
fn hostile_70_timestamp_jumps_neither_stall_nor_grow() {
    let mut scene = Scene::default();
    scene.start();
    for number in 0..1_000_u32 {
        scene.timestamp = scene.timestamp.wrapping_add(0x6000_0000 ^ number);
        scene.frame(&[P]);
    }
    assert_eq!(scene.frames.len(), 1_005);
}

#[test]
fn hostile_70_packets_far_ahead_are_bounded() {
    let mut scene = Scene::default();
    scene.start();
    // Every second packet missing, up to the largest jump that still belongs to the sequence.
    for step in 0..20_000_u32 {
        let jump = if step % 100 == 0 { 999 } else { 2 };
        scene.sequence = scene.sequence.wrapping_add(jump);
        scene.send(true, P);
        scene.next_frame();
    }
    assert_eq!(scene.frames.len(), 5);
    scene.frame(&[SPS_PPS, IDR]);
    scene.wait(ms(300));
    assert_eq!(scene.frames.len(), 6);
}

#[test]
fn hostile_44_a_frame_that_never_ends_is_dropped_and_the_next_keyframe_serves() {
    let mut scene = Scene::default();
    scene.start();
    scene.send(false, &[0x7c, 0x85, 0x88]);
    let mut fragment = vec![0_u8; 1_100];
    (fragment[0], fragment[1]) = (0x7c, 0x05);
    // 11 MB of one timestamp.
    for _ in 0..10_000 {
        scene.send(false, &fragment);
    }
    scene.next_frame();
    assert!(scene.buffer.statistics().damaged >= 1);
    scene.frame(&[SPS_PPS, IDR]);
    scene.frame(&[P]);
    assert_eq!(scene.frames.len(), 7);
}

#[test]
fn hostile_44_no_keyframe_ever() {
    let mut scene = Scene::default();
    let mut requests = 0;
    for _ in 0..900 {
        scene.frame(&[P]);
        let now = scene.now();
        requests += u32::from(scene.buffer.poll_keyframe_request(now));
    }
    assert_eq!(scene.frames.len(), 0);
    assert!((55..=60).contains(&requests), "{requests} requests in 30 s");
}

#[test]
fn hostile_68_a_buffer_nobody_polls_stays_bounded() {
    let mut scene = Scene::default();
    let now = scene.now();
    for number in 0..30_000_u32 {
        let packet = MediaPacket {
            sequence_number: number as u16,
            timestamp: number * FRAME_TICKS,
            marker: true,
            payload: Bytes::from_static(P),
        };
        scene.buffer.handle_packet(now, packet);
    }
    scene.poll();
    assert_eq!(scene.frames.len(), 0);
    scene.sequence = 30_000;
    scene.timestamp = 30_000 * FRAME_TICKS;
    scene.frame(&[SPS_PPS, IDR]);
    scene.frame(&[P]);
    assert_eq!(scene.frames.len(), 2);
}
