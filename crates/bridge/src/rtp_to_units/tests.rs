//! A browser's packets, with what happens to them on the way.

use super::*;
use crate::{RtmpToUnits, UnitsToRtp};
use rtmp_gateway_testkit::{FakeClock, fixtures};
use std::time::Duration;

/// CELT, 20 ms, mono, some bytes.
const OPUS: &[u8] = &[0xf8, 1, 2, 3];

/// The fixture's frames as a browser would send them: (time in ms, packets).
fn video_packets() -> Vec<(u64, Vec<MediaPacket>)> {
    let mut publisher = RtmpToUnits::new();
    let mut packetizer = UnitsToRtp::new(400);
    let mut out = Vec::new();
    let mut sequence_number = 65_530u16;
    for tag in fixtures::flv_tags(fixtures::BASELINE_AAC_FLV).into_iter().filter(|tag| tag.kind == 9) {
        publisher.handle_video(tag.timestamp, tag.body).unwrap();
        while let Some(item) = publisher.poll_item() {
            let Item::Unit(unit) = item else { continue };
            let unit = packetizer.push(&unit).unwrap().unwrap();
            let packets = unit.payloads.iter().map(|payload| {
                sequence_number = sequence_number.wrapping_add(1);
                MediaPacket {
                    sequence_number,
                    timestamp: (unit.timestamp as u32).wrapping_add(u32::MAX - 5_400_000),
                    marker: payload.marker,
                    payload: Bytes::copy_from_slice(&payload.payload),
                }
            });
            out.push((unit.wallclock.as_millis() as u64, packets.collect()));
        }
    }
    out
}

fn opus_packet(n: u16) -> MediaPacket {
    let timestamp = u32::from(n) * 960;
    MediaPacket { sequence_number: n, timestamp, marker: false, payload: Bytes::from_static(OPUS) }
}

fn items(adapter: &mut RtpToUnits) -> Vec<Item> {
    std::iter::from_fn(|| adapter.poll_item()).collect()
}

fn units(adapter: &mut RtpToUnits, kind: TrackKind) -> Vec<Unit> {
    let units =
        items(adapter).into_iter().filter_map(|item| if let Item::Unit(unit) = item { Some(unit) } else { None });
    units.filter(|unit| unit.kind() == kind).collect()
}

#[test]
fn everything_arrives_as_it_left_across_the_wraps() {
    let clock = FakeClock::new();
    let mut adapter = RtpToUnits::new(JitterConfig::default());
    for (ms, packets) in video_packets() {
        let now = clock.at(Duration::from_millis(ms));
        packets.into_iter().for_each(|packet| adapter.handle_video(now, packet));
    }
    let all = items(&mut adapter);
    let Item::Config(config) = &all[0] else { panic!("{:?}", all[0]) };
    assert_eq!(config.as_h264().map(|config| (config.width(), config.height())), Some((160, 120)));
    assert_eq!(all.len(), 1 + 25);
    let times: Vec<_> = all
        .iter()
        .filter_map(|item| if let Item::Unit(unit) = item { Some(unit.dts.as_millis()) } else { None })
        .collect();
    assert_eq!(times, (0..25).map(|n| n * 40).collect::<Vec<_>>());
    assert!(!adapter.poll_keyframe_request(clock.at(Duration::from_secs(1))));
}

#[test]
fn the_first_packets_leave_at_once_and_a_missing_keyframe_is_asked_for() {
    let clock = FakeClock::new();
    let mut adapter = RtpToUnits::new(JitterConfig::default());
    adapter.handle_audio(clock.now(), opus_packet(0));
    assert_eq!(items(&mut adapter).len(), 2, "configuration and unit, without any sender report");
    // A publisher whose keyframe was sent before we listened.
    for packet in video_packets().swap_remove(3).1 {
        adapter.handle_video(clock.now(), packet);
    }
    assert!(adapter.poll_keyframe_request(clock.now()));
    assert!(units(&mut adapter, TrackKind::Video).is_empty());
}

#[test]
fn hostile_41_class_a_frame_with_a_hole_never_leaves() {
    let mut clock = FakeClock::new();
    let mut adapter = RtpToUnits::new(JitterConfig::default());
    for (n, (ms, mut packets)) in video_packets().into_iter().enumerate() {
        clock.advance_to(clock.at(Duration::from_millis(ms)));
        if n == 5 {
            packets.remove(0);
        }
        packets.into_iter().for_each(|packet| adapter.handle_video(clock.now(), packet));
    }
    while let Some(due) = adapter.poll_timeout() {
        clock.advance_to(due);
        clock.advance(Duration::from_millis(1));
        adapter.handle_timeout(clock.now());
        adapter.poll_keyframe_request(clock.now());
        if clock.elapsed() > Duration::from_secs(5) {
            break;
        }
    }
    assert_eq!(units(&mut adapter, TrackKind::Video).len(), 5);
    assert!(adapter.statistics().video.damaged + adapter.statistics().video.held >= 20);
}

#[test]
fn silence_takes_the_place_of_a_sound_track_that_stops() {
    let clock = FakeClock::new();
    let mut adapter = RtpToUnits::new(JitterConfig::default());
    adapter.handle_audio(clock.now(), opus_packet(0));
    for (ms, packets) in video_packets() {
        let now = clock.at(Duration::from_millis(ms));
        packets.into_iter().for_each(|packet| adapter.handle_video(now, packet));
    }
    let audio = units(&mut adapter, TrackKind::Audio);
    assert!(audio.len() > 40, "{}", audio.len());
    assert!(audio.windows(2).all(|pair| pair[1].dts.ticks() - pair[0].dts.ticks() == 960));
    assert_eq!(adapter.statistics().silence as usize, audio.len() - 1);
    // What comes too late for its place is not played behind it.
    adapter.handle_audio(clock.at(Duration::from_millis(960)), opus_packet(1));
    adapter.handle_audio(clock.at(Duration::from_millis(960)), MediaPacket { timestamp: 48_000, ..opus_packet(2) });
    let resumed = units(&mut adapter, TrackKind::Audio);
    assert_eq!((resumed.last().unwrap().dts.as_millis(), &resumed.last().unwrap().payload[..]), (1_000, OPUS));
    assert_eq!(resumed[0].dts.ticks() - audio.last().unwrap().dts.ticks(), 960);
    assert!(resumed.windows(2).all(|pair| pair[1].dts.ticks() - pair[0].dts.ticks() == 960));
    assert_eq!(adapter.statistics().late_audio, 1);
}

#[test]
fn a_new_source_goes_on_beside_the_other_track() {
    let clock = FakeClock::new();
    let mut adapter = RtpToUnits::new(JitterConfig::default());
    for n in 0..50 {
        adapter.handle_audio(clock.at(Duration::from_millis(u64::from(n) * 20)), opus_packet(n));
    }
    items(&mut adapter);
    adapter.restart_track(TrackKind::Audio);
    let packet = MediaPacket { sequence_number: 7, timestamp: 123_456_789, ..opus_packet(0) };
    adapter.handle_audio(clock.at(Duration::from_millis(2_000)), packet);
    let units = units(&mut adapter, TrackKind::Audio);
    assert_eq!(units[0].dts.as_millis(), 2_000);
}

#[test]
fn hostile_37_class_unusable_parameter_sets_are_counted_and_a_keyframe_is_asked_for() {
    let mut clock = FakeClock::new();
    let mut adapter = RtpToUnits::new(JitterConfig::default());
    // An SPS that says nothing, a PPS, an IDR slice.
    let nals: [&[u8]; 3] = [&[0x67, 0x42, 0, 30, 0, 0], &[0x68, 0xce], &[0x65, 0x88, 0x84, 0]];
    for (n, nal) in nals.into_iter().enumerate() {
        let payload = Bytes::from_static(nal);
        let packet = MediaPacket { sequence_number: n as u16, timestamp: 0, marker: n == 2, payload };
        adapter.handle_video(clock.now(), packet);
    }
    // A first frame's marker is believed when nothing follows it for a while.
    clock.advance(Duration::from_millis(300));
    adapter.handle_timeout(clock.now());
    assert!(items(&mut adapter).is_empty());
    assert!(adapter.poll_keyframe_request(clock.now()));
}
