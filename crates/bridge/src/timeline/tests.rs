//! The time line packet by packet; hours of it are in `tests/soak_*.rs`.

use super::*;
use TrackKind::{Audio, Video};
use rtmp_gateway_testkit::FakeClock;
use std::time::Duration;

const NTP: NtpTime = NtpTime::from_bits(0xe000_0000_0000_0000);

fn at(start: Instant, ms: u64) -> Instant {
    start + Duration::from_millis(ms)
}

#[test]
fn the_first_packets_are_placed_by_arrival_and_nothing_waits() {
    let start = FakeClock::new().now();
    let mut timeline = Timeline::new();
    assert_eq!(timeline.audio_time(1_000_000, start).ticks(), 0);
    assert_eq!(timeline.video_time(-5, at(start, 35)).as_millis(), 35);
    assert_eq!(timeline.audio_time(1_000_960, at(start, 50)).ticks(), 960, "by sample count, not by arrival");
    assert_eq!(timeline.video_time(2_995, at(start, 90)).as_micros(), 68_333);
    assert_eq!(timeline.skew_micros(), None);
}

#[test]
fn video_is_slewed_to_the_audio_once_both_reports_are_there() {
    let start = FakeClock::new().now();
    let mut timeline = Timeline::new();
    timeline.audio_time(0, start);
    // Sampled with the audio, but its first packet took 100 ms longer.
    timeline.video_time(0, at(start, 100));
    timeline.handle_sender_report(Audio, NTP, 0);
    assert_eq!(timeline.video_time(3_000, at(start, 133)).as_millis(), 133);
    timeline.handle_sender_report(Video, NTP, 0);
    let mut last = MediaTime::new(12_000, MediaTime::VIDEO_RTP);
    for frame in 2..100i64 {
        let time = timeline.video_time(frame * 3_000, at(start, 100 + frame as u64 * 33));
        let step = time.ticks() - last.ticks();
        assert!((2_850..=3_001).contains(&step), "at most 5 % slower: {step}");
        last = time;
    }
    assert_eq!(last.as_millis(), 3_300);
    assert!(timeline.skew_micros().unwrap().abs() < 100);
}

#[test]
fn a_track_that_comes_late_with_reports_known_is_placed_exactly() {
    let start = FakeClock::new().now();
    let mut timeline = Timeline::new();
    timeline.audio_time(0, start);
    timeline.handle_sender_report(Audio, NTP, 0);
    timeline.handle_sender_report(Video, NTP, 0);
    assert_eq!(timeline.video_time(90_000, at(start, 1_150)).as_millis(), 1_000);
}

#[test]
fn a_restarted_source_continues_beside_the_other_track() {
    let start = FakeClock::new().now();
    let mut timeline = Timeline::new();
    timeline.video_time(0, start);
    timeline.audio_time(0, at(start, 10));
    timeline.video_time(900_000, at(start, 10_000));
    timeline.restart(Audio);
    assert_eq!(timeline.audio_time(77, at(start, 10_020)).as_millis(), 10_020);
    // The same without a restart call: timestamps that jump by minutes.
    assert_eq!(timeline.audio_time(77 + 48_000 * 600, at(start, 10_050)).as_millis(), 10_050);
    assert_eq!(timeline.audio_time(77, at(start, 10_060)).as_millis(), 10_070, "back: never before what left");
}

#[test]
fn an_audio_clock_that_stopped_while_muted_catches_up_at_once() {
    let start = FakeClock::new().now();
    let mut timeline = Timeline::new();
    timeline.audio_time(0, start);
    timeline.video_time(0, start);
    for kind in [Audio, Video] {
        timeline.handle_sender_report(kind, NTP, 0);
    }
    timeline.video_time(5 * 90_000, at(start, 5_000));
    // Five seconds later the audio goes on where it stopped; two reports confirm it.
    timeline.audio_time(960, at(start, 5_000));
    for second in [5, 6] {
        timeline.handle_sender_report(Audio, NTP.offset_micros(second * 1_000_000), 960 + 48_000 * (second as u32 - 5));
    }
    timeline.video_time(5 * 90_000 + 3_000, at(start, 5_033));
    assert!(timeline.skew_micros().unwrap() > 4_000_000);
    let time = timeline.audio_time(960 + 1_920, at(start, 5_040));
    assert!((5_030..5_050).contains(&time.as_millis()), "{}", time.as_millis());
    timeline.video_time(5 * 90_000 + 6_000, at(start, 5_066));
    assert!(timeline.skew_micros().unwrap().abs() < 1_000);
}

#[test]
fn hostile_70_any_timestamps_never_step_back() {
    let start = FakeClock::new().now();
    let mut timeline = Timeline::new();
    let (mut audio, mut video) = (i64::MIN, i64::MIN);
    for (n, timestamp) in [0i64, 1 << 40, -(1 << 40), 5, 5, 4, i64::MAX, i64::MIN, 7].into_iter().enumerate() {
        let arrival = at(start, n as u64 * 20);
        timeline.handle_sender_report(Audio, NtpTime::from_bits(timestamp as u64), timestamp as u32);
        timeline.handle_sender_report(Video, NtpTime::from_bits(!timestamp as u64), timestamp as u32);
        let a = timeline.audio_time(timestamp, arrival).ticks();
        let v = timeline.video_time(timestamp, arrival).ticks();
        assert!(a >= audio && v > video, "{timestamp}");
        (audio, video) = (a, v);
    }
}
