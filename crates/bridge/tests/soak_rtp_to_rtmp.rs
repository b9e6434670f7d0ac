//! Four hours from a browser to RTMP players in virtual time: clocks off by 200 ppm, jitter, 2 % loss, a sender report
//! every 5 s, wraps of every counter. Sound and picture must stay together.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use bytes::Bytes;
use rtmp_gateway_bridge::{Item, RtpToUnits};
use rtmp_gateway_media::{TrackKind, Unit};
use rtmp_gateway_rtp::jitter::JitterConfig;
use rtmp_gateway_rtp::{MediaPacket, NtpTime};
use rtmp_gateway_testkit::{FakeClock, Link, LinkConfig, SeededRandom};
use std::time::{Duration, Instant};

const HOURS: u64 = 4;
const FRAME_MS: u64 = 40;
const PACKET_MS: u64 = 20;
const REPORT_MS: u64 = 5_000;
/// Keyframes are needed after losses; a browser sends one when asked.
const KEYFRAME_EVERY: u64 = 250;

#[derive(Clone)]
enum Packet {
    Video(MediaPacket),
    Audio(MediaPacket),
    Report(TrackKind, NtpTime, u32),
}

/// A clock of the sender that is wrong by `ppm`, starts at `start` and wraps.
struct SenderClock {
    rate: f64,
    start: u32,
}

impl SenderClock {
    fn new(rate: u32, ppm: f64, start: u32) -> Self {
        Self { rate: f64::from(rate) * (1.0 + ppm / 1e6), start }
    }

    fn at(&self, seconds: f64) -> u32 {
        self.start.wrapping_add((seconds * self.rate).round() as i64 as u32)
    }
}

struct Outcome {
    /// |skew| in microseconds from 3 s after the first reports of both.
    skews: Vec<i64>,
    first_audio: Option<i64>,
    first_video: Option<i64>,
    units: [u64; 2],
}

/// Where each track's capture time went: the payloads carry the capture time in milliseconds.
#[derive(Default)]
struct Mapping {
    audio: Option<(i64, i64)>,
    last_video: i64,
    last_audio: i64,
}

/// The stamp; `None` for silence that was put in.
fn payload_ms(unit: &Unit) -> Option<i64> {
    let bytes = unit.payload.last_chunk::<4>()?;
    Some(i64::from(u32::from_be_bytes(*bytes) & 0x7fff_ffff))
}

fn stamped(head: &[u8], ms: u64) -> Bytes {
    // The high bit keeps the stamp from looking like a start code.
    [head, &(ms as u32 | 0x8000_0000).to_be_bytes()].concat().into()
}

fn run(seed: u64, video_ppm: f64, audio_ppm: f64) -> Outcome {
    let mut clock = FakeClock::new();
    let ms = Duration::from_millis;
    let config = LinkConfig { loss: 0.02, delay: ms(30), jitter: ms(30), ..LinkConfig::default() };
    let mut link: Link<Packet> = Link::new(config, seed);
    let mut random = SeededRandom::new(seed);
    let mut adapter = RtpToUnits::new(JitterConfig { retransmission: false, ..JitterConfig::default() });
    let video_clock = SenderClock::new(90_000, video_ppm, u32::MAX - 500_000_000);
    let audio_clock = SenderClock::new(48_000, audio_ppm, u32::MAX - 1_000_000);
    let ntp = NtpTime::from_bits(random.next_u64());
    let (mut video_sequence, mut audio_sequence) = (65_000u16, 64_000u16);
    let mut outcome = Outcome { skews: Vec::new(), first_audio: None, first_video: None, units: [0; 2] };
    let mut mapping = Mapping::default();
    let mut keyframe_wanted = true;
    let mut audio_packets = 0u64;
    let mut deliver = |now: Instant, link: &mut Link<Packet>, adapter: &mut RtpToUnits, keyframe_wanted: &mut bool| {
        while let Some(packet) = link.receive(now) {
            match packet {
                Packet::Video(packet) => adapter.handle_video(now, packet),
                Packet::Audio(packet) => adapter.handle_audio(now, packet),
                Packet::Report(kind, ntp, rtp) => adapter.handle_sender_report(kind, ntp, rtp),
            }
        }
        adapter.handle_timeout(now);
        *keyframe_wanted |= adapter.poll_keyframe_request(now);
        while let Some(item) = adapter.poll_item() {
            if let Item::Unit(unit) = item {
                take(&mut outcome, &mut mapping, &unit);
            }
        }
    };
    for step in 0..HOURS * 3_600_000 / 10 {
        let t = step * 10;
        let seconds = t as f64 / 1_000.0;
        let now = clock.now();
        if t % FRAME_MS == 0 {
            let key = keyframe_wanted || (t / FRAME_MS).is_multiple_of(KEYFRAME_EVERY);
            keyframe_wanted = false;
            let mut nals: Vec<Bytes> = Vec::new();
            if key {
                nals.push(Bytes::from_static(SPS));
                nals.push(Bytes::from_static(PPS));
            }
            nals.push(stamped(if key { &[0x65, 0x88, 0x80] } else { &[0x41, 0x9a, 0x80] }, t));
            let last = nals.len() - 1;
            for (n, payload) in nals.into_iter().enumerate() {
                video_sequence = video_sequence.wrapping_add(1);
                let timestamp = video_clock.at(seconds);
                let packet = MediaPacket { sequence_number: video_sequence, timestamp, marker: n == last, payload };
                link.send(now, Packet::Video(packet));
            }
        }
        // Packet n starts at sample 960 n of the sender's (wrong) clock, and leaves then.
        while let captured = (audio_packets * 960) as f64 / audio_clock.rate * 1_000.0
            && captured <= t as f64
        {
            audio_sequence = audio_sequence.wrapping_add(1);
            let timestamp = audio_clock.start.wrapping_add((audio_packets * 960) as u32);
            audio_packets += 1;
            let payload = stamped(&[0xf8, 1], captured.round() as u64);
            link.send(
                now,
                Packet::Audio(MediaPacket { sequence_number: audio_sequence, timestamp, marker: false, payload }),
            );
        }
        if t % REPORT_MS == 700 {
            let at = ntp.offset_micros(t as i64 * 1_000);
            link.send(now, Packet::Report(TrackKind::Video, at, video_clock.at(seconds)));
            link.send(now, Packet::Report(TrackKind::Audio, at, audio_clock.at(seconds)));
        }
        deliver(now, &mut link, &mut adapter, &mut keyframe_wanted);
        clock.advance(ms(10));
    }
    outcome
}

fn take(outcome: &mut Outcome, mapping: &mut Mapping, unit: &Unit) {
    let Some(captured) = payload_ms(unit).map(|ms| ms * 1_000) else { return };
    let out = unit.dts.as_micros();
    match unit.kind() {
        TrackKind::Audio => {
            outcome.units[0] += 1;
            outcome.first_audio.get_or_insert(captured);
            assert!(unit.dts.ticks() >= mapping.last_audio, "audio steps back");
            mapping.last_audio = unit.dts.ticks();
            mapping.audio = Some((captured, out));
        }
        TrackKind::Video => {
            outcome.units[1] += 1;
            outcome.first_video.get_or_insert(captured);
            assert!(outcome.units[1] == 1 || unit.dts.ticks() > mapping.last_video, "video DTS not monotonic");
            mapping.last_video = unit.dts.ticks();
            // Where sound captured with this frame went.
            if let Some((audio_captured, audio_out)) = mapping.audio {
                let skew = (out - captured) - (audio_out - audio_captured);
                // 3 s after the first reports (sent at 0.7 s; lost ones come again 5 s later, so allow for two).
                if captured > 14_000_000 {
                    outcome.skews.push(skew.abs());
                }
            }
        }
    }
}

const SPS: &[u8] = &[
    0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f, 0xf9, 0x70, 0x11, 0, 0, 3, 0, 1, 0, 0, 3, 0, 0x32, 0x0f, 0x16,
    0x2e, 0x48,
];
const PPS: &[u8] = &[0x68, 0xcb, 0x83, 0xcb, 0x20];

fn check(mut outcome: Outcome) {
    outcome.skews.sort_unstable();
    let worst = outcome.skews.last().copied().unwrap();
    let p99 = outcome.skews[outcome.skews.len() * 99 / 100];
    assert!(worst <= 20_000 && p99 <= 10_000, "worst {worst} us, p99 {p99} us");
    assert!(outcome.first_audio.unwrap() <= 100_000, "nothing is discarded at the start");
    assert!(outcome.first_video.unwrap() <= 1_500_000);
    let expected = [HOURS * 3_600_000 / PACKET_MS, HOURS * 3_600_000 / FRAME_MS];
    assert!(
        outcome.units[0] > expected[0] * 97 / 100 && outcome.units[1] > expected[1] * 6 / 10,
        "{:?}",
        outcome.units
    );
}

#[test]
fn sound_and_picture_stay_together_with_fast_video_and_slow_audio() {
    check(run(1, 200.0, -200.0));
}

#[test]
fn sound_and_picture_stay_together_with_slow_video_and_fast_audio() {
    check(run(2, -200.0, 200.0));
}
