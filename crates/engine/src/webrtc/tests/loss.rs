//! Loss and congestion: repair, bounds, drops.

use super::link::Loss;
use super::*;

/// A linear congruential generator: the same losses in every run.
fn lose_every(percent: u64, seed: u64) -> Loss {
    let mut state = seed;
    Box::new(move |to_browser, bytes| {
        // Only media is lost: checks and handshakes have their own timers.
        if !to_browser || bytes.first().is_none_or(|b| *b < 128) {
            return false;
        }
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % 100 < percent
    })
}

#[test]
fn lost_packets_are_repaired() {
    for (percent, goal) in [(5, 99.5), (10, 98.5)] {
        let mut world = World::connected(Link::new(ms(25)));
        world.link.lose = lose_every(percent, 42);
        for index in 0..250 {
            world.push(&picture(index, 250, 10));
            world.run(FRAME);
        }
        world.run(ms(1_000));
        let share = world.video().count() as f64 / 2_500.0 * 100.0;
        assert!(share >= goal, "{percent} % loss: {share} % arrived");
    }
}

#[test]
fn hostile_70_a_timestamp_jump_does_not_grow_the_repair_cache() {
    let mut world = World::connected(Link::new(ms(1)));
    // Far jumps back and forth: cached by sequence number and arrival, not by timestamp.
    for index in 0..200_u64 {
        let jump = if index % 2 == 0 { index } else { index + (1 << 40) };
        let payloads = vec![RtpPayload { payload: vec![0; 100].into(), marker: true }];
        let unit = PacketizedUnit::new(TrackKind::Video, true, jump * 3_600, FRAME * index as u32, payloads);
        world.push(&Arc::new(unit));
        world.run(ms(5));
    }
    assert_eq!(world.video().count(), 200);
}

#[test]
fn a_viewer_whose_socket_is_blocked_drops_to_the_next_keyframe_and_keeps_audio() {
    let mut world = World::connected(Link::new(ms(5)));
    // Nobody polls: the socket is full for three seconds.
    for index in 0..75_u64 {
        world.peers.push_unit(world.now, STREAM, &picture(index, 50, 2));
        world.peers.push_unit(world.now, STREAM, &sound(index * 2));
        world.now += FRAME;
    }
    world.run(ms(500));
    let video: Vec<u64> = world.video().map(|r| r.index()).collect();
    assert_eq!(video.first(), Some(&50), "goes on at a keyframe");
    assert_eq!(video.len(), 50);
    assert!(world.audio().count() >= 70);
    assert!(world.peers.stats(world.id).expect("session").dropped_frames >= 25);
}

#[test]
fn a_viewer_that_stays_over_its_bounds_is_closed() {
    let mut world = World::connected(Link::new(ms(5)));
    for index in 0..500_u64 {
        world.peers.push_unit(world.now, STREAM, &picture(index, 10, 2));
        world.now += FRAME;
    }
    world.run(ms(100));
    assert_eq!(world.ended().map(|e| e.1), Some(CloseReason::Overrun));
}

#[test]
fn a_payload_that_no_network_carries_costs_the_pictures_up_to_the_next_keyframe() {
    let mut world = World::connected(Link::new(ms(5)));
    world.push(&picture(0, 50, 1));
    world.push(&sized_picture(1, 50, 1, 5_000));
    world.push(&picture(2, 50, 1));
    world.push(&picture(50, 50, 1));
    world.run(ms(100));
    assert_eq!(world.video().map(|r| r.index()).collect::<Vec<_>>(), [0, 50]);
    assert_eq!(world.peers.stats(world.id).expect("session").dropped_frames, 2);
}
