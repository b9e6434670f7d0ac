//! A browser that publishes.

use super::*;
use crate::webrtc::{ReceivedPacket, ReceivedReport};

fn packets(world: &World) -> Vec<(Duration, &ReceivedPacket)> {
    let packet = |(at, e): &'_ (Duration, Event)| match e {
        Event::Packet { .. } => Some(*at),
        _ => None,
    };
    let times = world.events.iter().filter_map(packet);
    let packets = world.events.iter().filter_map(|(_, e)| match e {
        Event::Packet { packet, .. } => Some(packet),
        _ => None,
    });
    times.zip(packets).collect()
}

fn reports(world: &World) -> Vec<&ReceivedReport> {
    let report = |(_, e): &'_ (Duration, Event)| matches!(e, Event::Report { .. });
    let reports = world.events.iter().filter(|e| report(e));
    reports.filter_map(|(_, e)| if let Event::Report { report, .. } = e { Some(report) } else { None }).collect()
}

fn connected() -> World {
    let mut world = World::publishing(Link::new(ms(20)));
    world.run(ms(800));
    assert!(world.browser.connected);
    assert!(world.events.iter().any(|(_, e)| matches!(e, Event::Connected { .. })));
    world
}

#[test]
fn packets_come_through_as_they_were_sent() {
    let mut world = connected();
    let (video, audio) = (world.browser.video, world.browser.audio);
    for index in 0..50_u64 {
        world.publish(video, 1_000 + index, index as u32 * 3_600, &index.to_be_bytes());
        world.publish(audio, 2_000 + index, index as u32 * 960, &index.to_be_bytes());
        world.run(ms(20));
    }
    world.run(ms(100));
    let packets = packets(&world);
    for (kind, first, step) in [(TrackKind::Video, 1_000, 3_600), (TrackKind::Audio, 2_000, 960)] {
        let of_kind: Vec<_> = packets.iter().filter(|(_, p)| p.kind == kind).collect();
        assert_eq!(of_kind.len(), 50);
        for (index, (at, packet)) in of_kind.iter().enumerate() {
            assert_eq!(packet.sequence, first + index as u64);
            assert_eq!(packet.timestamp, index as u32 * step);
            assert_eq!(&*packet.payload, (index as u64).to_be_bytes());
            assert!(packet.marker && world.start + *at >= packet.received);
        }
    }
    assert_eq!(world.peers.stats(world.id).expect("session").packets_in, 100);
}

#[test]
fn a_keyframe_is_asked_for_at_once_and_at_most_every_half_second() {
    let mut world = connected();
    let video = world.browser.video;
    for index in 0..100_u64 {
        world.publish(video, index, index as u32 * 3_600, &index.to_be_bytes());
        world.peers.request_keyframe(world.now, world.id);
        world.flush_shard();
        world.run(ms(20));
    }
    let asked = &world.browser.asked;
    assert!(asked.first().is_some_and(|at| *at < ms(1_000)), "{asked:?}");
    assert!(asked.windows(2).all(|w| w[1] - w[0] >= ms(490)), "{asked:?}");
    assert!(asked.len() >= 4, "{asked:?}");
}

#[test]
fn lost_packets_of_a_publisher_are_repaired() {
    let mut world = connected();
    let video = world.browser.video;
    let mut count = 0_u64;
    world.link.lose = Box::new(move |to_browser, bytes| {
        count += u64::from(!to_browser && bytes[0] >= 128);
        !to_browser && bytes[0] >= 128 && count.is_multiple_of(10)
    });
    for index in 0..500_u64 {
        world.publish(video, index, index as u32 / 10 * 3_600, &index.to_be_bytes());
        world.run(ms(4));
    }
    world.link.lose = Box::new(|_, _| false);
    world.run(ms(1_000));
    let mut sequences: Vec<u64> = packets(&world).iter().map(|(_, p)| p.sequence).collect();
    sequences.sort_unstable();
    sequences.dedup();
    assert_eq!(sequences.len(), packets(&world).len(), "no duplicates");
    assert!(sequences.len() >= 498, "{} of 500 arrived", sequences.len());
}

#[test]
fn sender_reports_map_a_publishers_clock() {
    let mut world = connected();
    let (video, audio) = (world.browser.video, world.browser.audio);
    for index in 0..400_u64 {
        world.publish(video, index, index as u32 * 1_800, &index.to_be_bytes());
        world.publish(audio, index, index as u32 * 960, &index.to_be_bytes());
        world.run(ms(20));
    }
    for (kind, rate) in [(TrackKind::Video, 90_000.0), (TrackKind::Audio, 48_000.0)] {
        let of_kind: Vec<_> = reports(&world).into_iter().filter(|r| r.kind == kind).collect();
        let (first, last) = (of_kind.first().expect("report"), of_kind.last().expect("report"));
        if let Ok(passed) = last.wallclock.duration_since(first.wallclock) {
            let ticks = f64::from(last.timestamp.wrapping_sub(first.timestamp));
            assert!((ticks / rate - passed.as_secs_f64()).abs() < 0.01, "{kind:?}");
        }
    }
}

#[test]
fn a_publisher_that_leaves_or_never_comes_is_gone() {
    let mut world = connected();
    world.browser.rtc.close().expect("closed");
    world.run(ms(100));
    assert_eq!(world.ended().map(|e| e.1), Some(CloseReason::PeerClosed));

    let mut link = Link::new(ms(5));
    link.lose = Box::new(|_, _| true);
    let mut world = World::publishing(link);
    world.run(ms(30_100));
    assert_eq!(world.ended().map(|e| e.1), Some(CloseReason::ConnectTimeout));
}

#[test]
fn hostile_66_an_authentic_peer_that_sends_nonsense_costs_at_most_itself() {
    let mut world = connected();
    let video = world.browser.video;
    let mut state = 9_u64;
    for index in 0..500_u64 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let length = (state >> 50) as usize % 64;
        let payload: Vec<u8> = (0..length).map(|i| (state >> (i % 57)) as u8).collect();
        let sequence = if index % 7 == 0 { state >> 52 } else { index };
        world.publish(video, sequence, state as u32, &payload);
        world.run(ms(2));
    }
    assert_eq!(world.peers.counters.panics, 0);
}
