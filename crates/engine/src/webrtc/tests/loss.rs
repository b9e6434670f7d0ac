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

/// 30 pictures a second of ten packets, 2.5 Mbit/s, 50 ms round trip: the share of pictures whole within 250 ms.
fn whole_pictures(percent: u64, seed: u64) -> f64 {
    const PICTURES: u64 = 600;
    let interval = Duration::from_micros(33_333);
    let mut world = World::connected(Link::new(ms(25)));
    world.link.lose = lose_every(percent, seed);
    let mut sent = Vec::new();
    for index in 0..PICTURES {
        sent.push(world.elapsed());
        world.push(&sized_picture(index, PICTURES, 10, 1_041));
        world.run(interval);
    }
    world.run(ms(1_000));
    let mut packets = vec![0; PICTURES as usize];
    for packet in world.video() {
        let index = packet.index() as usize;
        packets[index] += usize::from(packet.at - sent[index] <= ms(250));
    }
    packets.iter().filter(|p| **p == 10).count() as f64 / PICTURES as f64 * 100.0
}

#[test]
fn lost_packets_are_repaired_in_time() {
    for (percent, goal) in [(5, 99.9), (10, 99.5), (20, 97.0)] {
        let share = (1..=20).map(|seed| whole_pictures(percent, seed)).sum::<f64>() / 20.0;
        println!("{percent} % loss: {share:.2} % of the pictures whole within 250 ms");
        assert!(share >= goal, "{percent} % loss: {share} %");
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

/// Plays 2.5 Mbit/s with a keyframe every 2 s and sound for a while; gives how much of the sound arrived, in per cent.
fn play(world: &mut World, from: u64, seconds: u64) -> u64 {
    let before = world.audio().count() as u64;
    for index in from * 25..(from + seconds) * 25 {
        world.push(&picture(index, 50, if index.is_multiple_of(50) { 40 } else { 12 }));
        world.push(&sound(index * 2));
        world.run(ms(20));
        world.push(&sound(index * 2 + 1));
        world.run(ms(20));
    }
    (world.audio().count() as u64 - before) * 100 / (seconds * 50)
}

#[test]
fn a_network_that_is_too_slow_gets_less_and_recovers() {
    for queue in [ms(100), ms(4_000)] {
        let mut world = World::connected(Link::new(ms(25)));
        play(&mut world, 0, 5);
        assert_eq!(world.peers.stats(world.id).expect("session").delivery, Delivery::Full);
        world.link.rate = Some((300_000, queue));
        play(&mut world, 5, 20);
        let stats = world.peers.stats(world.id).expect("session");
        assert!(stats.delivery < Delivery::Full, "{stats:?}");
        let sound = play(&mut world, 25, 20);
        assert!(sound >= 90, "{sound} % of the sound with a queue of {queue:?}");
        world.link.rate = None;
        play(&mut world, 45, 130);
        assert_eq!(world.peers.stats(world.id).expect("session").delivery, Delivery::Full);
        let before = world.video().count();
        play(&mut world, 175, 10);
        assert!(world.video().count() - before >= 250 * 12);
        assert!(world.ended().is_none());
    }
}

#[test]
fn a_bad_radio_is_repaired_and_not_thinned() {
    let mut world = World::connected(Link::new(ms(25)));
    world.link.lose = lose_every(20, 3);
    play(&mut world, 0, 20);
    let stats = world.peers.stats(world.id).expect("session");
    assert_eq!(stats.delivery, Delivery::Full);
    assert!(stats.loss.is_some_and(|loss| loss > 0.1 && loss < 0.35), "{stats:?}");
}
