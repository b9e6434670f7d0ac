//! Hours from an RTMP publisher to RTP viewers in virtual time: capture timestamps that jitter, rounding to ms, an audio
//! clock off by 200 ppm, the wrap at 49.7 days. Sender reports must put sound and picture together.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use bytes::Bytes;
use rtmp_gateway_bridge::{Item, RtmpToUnits, RtpUnit, UnitsToRtp};
use rtmp_gateway_media::{H264Config, OpusConfig, TrackKind, Unit, h264::write_nal_unit};
use rtmp_gateway_testkit::SeededRandom;

const HOURS: u64 = 4;
const SPS: &[u8] = &[
    0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f, 0xf9, 0x70, 0x11, 0, 0, 3, 0, 1, 0, 0, 3, 0, 0x32, 0x0f, 0x16,
    0x2e, 0x48,
];
const PPS: &[u8] = &[0x68, 0xcb, 0x83, 0xcb, 0x20];

struct Track {
    first: Option<u64>,
    last: Option<RtpUnit>,
    units: u64,
    /// |where the sender report puts the unit - where it was captured|, in microseconds.
    errors: Vec<i64>,
}

impl Track {
    fn new() -> Self {
        Self { first: None, last: None, units: 0, errors: Vec::new() }
    }

    fn take(&mut self, unit: RtpUnit, captured_micros: i64) {
        if let Some(last) = &self.last {
            assert!(unit.timestamp > last.timestamp, "RTP time steps back");
            assert!(unit.wallclock + std::time::Duration::from_millis(5) >= last.wallclock);
        }
        self.errors.push((unit.wallclock.as_micros() as i64 - captured_micros).abs());
        self.units += 1;
        self.first.get_or_insert(unit.timestamp);
        self.last = Some(unit);
    }

    fn worst(&self) -> i64 {
        self.errors.iter().copied().max().unwrap()
    }
}

fn push(publisher: &mut RtmpToUnits, adapter: &mut UnitsToRtp, track: &mut Track, captured: i64) {
    while let Some(item) = publisher.poll_item() {
        if let Item::Unit(unit) = item {
            track.take(adapter.push(&unit).unwrap().unwrap(), captured);
        }
    }
}

fn run(seed: u64, audio_ppm: f64, jitter: u64) -> (Track, Track) {
    let mut random = SeededRandom::new(seed);
    let (mut publisher, mut adapter) = (RtmpToUnits::new(), UnitsToRtp::new(1_160));
    let (mut video, mut audio) = (Track::new(), Track::new());
    // Two hours before the timestamps wrap.
    let start = 0u32.wrapping_sub(7_200_000);
    let config = H264Config::from_parameter_sets(&[SPS.into()], &[PPS.into()]).unwrap();
    let body: Bytes = [&[0x17, 0, 0, 0, 0][..], config.record()].concat().into();
    publisher.handle_video(start, body).unwrap();
    let head = OpusConfig { channels: 2, pre_skip: 0 }.head();
    publisher.handle_audio(start, [&b"\x90Opus"[..], &head].concat().into()).unwrap();
    let mut packets = 0u64;
    for frame in 0..HOURS * 3_600 * 25 {
        let t = frame * 40;
        let stamp = start.wrapping_add((t + random.below(jitter + 1)) as u32);
        let mut body = vec![if frame % 50 == 0 { 0x17 } else { 0x27 }, 1, 0, 0, 0];
        write_nal_unit(&mut body, if frame % 50 == 0 { &[0x65, 0x88] } else { &[0x41, 0x9a] });
        publisher.handle_video(stamp, body.into()).unwrap();
        push(&mut publisher, &mut adapter, &mut video, t as i64 * 1_000);
        // 20 ms of the sound card's clock each.
        let period = 20.0 * (1.0 + audio_ppm / 1e6);
        while packets as f64 * period <= t as f64 {
            let captured = packets as f64 * period;
            packets += 1;
            let stamp = start.wrapping_add((captured as u64 + random.below(jitter + 1)) as u32);
            publisher.handle_audio(stamp, Bytes::from_static(b"\x91Opus\xf8\x01\x02")).unwrap();
            push(&mut publisher, &mut adapter, &mut audio, (captured * 1_000.0) as i64);
        }
    }
    assert_eq!(publisher.counters().discontinuities, 0);
    (video, audio)
}

fn check(seed: u64, audio_ppm: f64, jitter: u64) {
    let (video, audio) = run(seed, audio_ppm, jitter);
    assert_eq!(video.units, HOURS * 3_600 * 25);
    // Timestamps round to ms and carry the publisher's own jitter; nothing may add up on top of it.
    let bound = jitter as i64 * 1_000 + 2_000;
    assert!(video.worst() <= bound && audio.worst() <= bound, "video {} us, audio {} us", video.worst(), audio.worst());
    // The sample count was never stretched.
    let last = audio.last.unwrap();
    let counted = last.timestamp - audio.first.unwrap();
    assert_eq!(counted, (audio.units - 1) * 960, "every packet advanced by its own length");
}

#[test]
fn a_slow_sound_card() {
    check(1, 200.0, 8);
}

#[test]
fn a_fast_sound_card() {
    check(2, -200.0, 8);
}

#[test]
fn tags_with_the_jitter_of_a_phone() {
    check(3, 50.0, 15);
}

#[test]
fn a_muted_microphone_is_one_gap() {
    let mut adapter = UnitsToRtp::new(1_160);
    let config = std::sync::Arc::new(rtmp_gateway_media::CodecConfig::Opus(OpusConfig { channels: 2, pre_skip: 0 }));
    let mut unit = |ms: i64| {
        let dts = rtmp_gateway_media::MediaTime::from_millis(ms).rescale(48_000);
        let payload = Bytes::from_static(&[0xf8, 1]);
        let unit = Unit { payload, dts, pts: dts, keyframe: true, config: config.clone() };
        assert_eq!(unit.kind(), TrackKind::Audio);
        adapter.push(&unit).unwrap().unwrap()
    };
    let before = unit(0);
    let after = unit(30_000);
    assert_eq!(after.timestamp - before.timestamp, 30 * 48_000);
    assert_eq!(after.wallclock.as_millis(), 30_000);
}
