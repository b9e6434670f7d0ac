//! What the tests of this crate share: units from fixtures and signals, decoding back, and measures of sound.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use bytes::Bytes;
use rtmp_gateway_codec::{AacToOpus, OpusDecoder, SAMPLE_RATE, adts};
use rtmp_gateway_media::{AacConfig, CodecConfig, MediaTime, Unit};
use std::f64::consts::TAU;
use std::path::Path;
use std::sync::Arc;

/// The left chirp of the fixtures at `t` seconds.
pub fn left_chirp(t: f64) -> f32 {
    if !(0.0..1.5).contains(&t) { 0.0 } else { (0.4 * (TAU * (200.0 * t + 600.0 * t * t)).sin()) as f32 }
}

/// The right chirp of the fixtures.
pub fn right_chirp(t: f64) -> f32 {
    if !(0.0..1.5).contains(&t) { 0.0 } else { (0.4 * (TAU * (1_500.0 * t - 300.0 * t * t)).sin()) as f32 }
}

/// `frames` samples of a sine at 48 kHz, interleaved on `channels`.
pub fn tone(frequency: f64, amplitude: f64, frames: usize, channels: u8) -> Vec<f32> {
    (0..frames)
        .flat_map(|i| {
            let sample = (amplitude * (TAU * frequency * i as f64 / 48_000.0).sin()) as f32;
            std::iter::repeat_n(sample, usize::from(channels))
        })
        .collect()
}

/// A unit of audio.
pub fn unit(payload: &[u8], ticks: i64, clock_rate: u32, config: &Arc<CodecConfig>) -> Unit {
    let time = MediaTime::new(ticks, clock_rate);
    Unit { payload: Bytes::copy_from_slice(payload), dts: time, pts: time, keyframe: true, config: Arc::clone(config) }
}

/// The access units of a fixture, with RTMP's millisecond times from `start_ms`.
pub fn fixture(name: &str, start_ms: i64) -> Vec<Unit> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    let bytes = std::fs::read(&path).expect("the fixture is there");
    let mut config = None;
    adts::frames(&bytes)
        .enumerate()
        .map(|(index, frame)| {
            let config = config.get_or_insert_with(|| Arc::new(CodecConfig::Aac(frame.config().expect("plain LC"))));
            let ms = start_ms + index as i64 * 1_024_000 / i64::from(frame.sample_rate);
            unit(frame.access_unit, ms, 1_000, config)
        })
        .collect()
}

/// The configuration of a unit as AAC.
pub fn aac(unit: &Unit) -> &AacConfig {
    unit.config.as_aac().expect("AAC")
}

/// Pushes `units` through a transcoder, flushes it and returns what came out.
pub fn to_opus(transcoder: &mut AacToOpus, units: &[Unit]) -> Vec<Unit> {
    let mut output = Vec::new();
    for unit in units {
        transcoder.push(unit).expect("accepted");
        output.extend(std::iter::from_fn(|| transcoder.poll()));
    }
    transcoder.flush().expect("flushes");
    output.extend(std::iter::from_fn(|| transcoder.poll()));
    output
}

/// Sound on a time line: interleaved samples at 48 kHz, the first at `start`.
#[derive(Debug)]
pub struct Sound {
    pub start: i64,
    pub channels: u8,
    pub samples: Vec<f32>,
}

impl Sound {
    /// One channel of it.
    pub fn channel(&self, channel: usize) -> Vec<f32> {
        self.samples.iter().skip(channel).step_by(usize::from(self.channels)).copied().collect()
    }
}

/// Decodes Opus units that must follow each other without a hole.
pub fn decode_opus(units: &[Unit]) -> Sound {
    let channels = units[0].config.as_opus().expect("Opus").channels;
    let mut decoder = OpusDecoder::new(channels).expect("opens");
    let start = units[0].pts.ticks();
    let mut samples = Vec::new();
    for unit in units {
        assert_eq!(unit.pts.clock_rate(), SAMPLE_RATE);
        assert_eq!(unit.pts.ticks(), start + samples.len() as i64 / i64::from(channels), "no hole in the time line");
        decoder.decode(&unit.payload, &mut samples).expect("decodes");
    }
    Sound { start, channels, samples }
}

/// The lag in samples, within `limit` either way, at which `signal` is most like `reference` (cross-correlation); positive
/// when `signal` is late. Both are at 48 kHz.
pub fn lag(signal: &[f32], reference: &[f32], limit: i64) -> i64 {
    let score = |lag: i64| -> f64 {
        reference
            .iter()
            .enumerate()
            .filter_map(|(i, &want)| {
                let index = usize::try_from(i as i64 + lag).ok()?;
                signal.get(index).map(|&got| f64::from(got) * f64::from(want))
            })
            .sum()
    };
    (-limit..=limit).max_by(|&a, &b| score(a).total_cmp(&score(b))).unwrap_or(0)
}

/// Total harmonic distortion and noise of a sine in dB: what is left when the best fitting sine of `frequency` and the
/// mean are taken out, against that sine.
pub fn thd_n(signal: &[f32], frequency: f64) -> f64 {
    let n = signal.len() as f64;
    let phase = |i: usize| TAU * frequency * i as f64 / 48_000.0;
    let mean = signal.iter().map(|&sample| f64::from(sample)).sum::<f64>() / n;
    let (mut sine, mut cosine) = (0.0, 0.0);
    for (i, &sample) in signal.iter().enumerate() {
        let sample = f64::from(sample) - mean;
        sine += sample * phase(i).sin() * 2.0 / n;
        cosine += sample * phase(i).cos() * 2.0 / n;
    }
    let (mut wanted, mut rest) = (0.0, 0.0);
    for (i, &sample) in signal.iter().enumerate() {
        let fit = sine * phase(i).sin() + cosine * phase(i).cos();
        wanted += fit * fit;
        rest += (f64::from(sample) - mean - fit).powi(2);
    }
    10.0 * (rest.max(1e-30) / wanted.max(1e-30)).log10()
}

/// Root of the mean square.
pub fn rms(signal: &[f32]) -> f64 {
    (signal.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>() / signal.len().max(1) as f64).sqrt()
}

/// The largest second difference: a click shows as one far above the signal's own, whatever its level.
pub fn largest_kink(signal: &[f32]) -> f32 {
    signal.windows(3).map(|w| (w[0] - 2.0 * w[1] + w[2]).abs()).fold(0.0, f32::max)
}
