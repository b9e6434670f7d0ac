//! What the tests of this crate share: units from fixtures and signals, decoding back, and measures of sound.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use bytes::Bytes;
use rtmp_gateway_codec::{
    AacDecoder, AacEncoder, AacEncoderSettings, AacToOpus, OpusDecoder, OpusEncoder, OpusEncoderSettings, OpusToAac,
    SAMPLE_RATE, adts,
};
use rtmp_gateway_media::{AacConfig, CodecConfig, MediaTime, OpusConfig, Unit};
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

/// As [`to_opus`], the other way.
pub fn to_aac(transcoder: &mut OpusToAac, units: &[Unit]) -> Vec<Unit> {
    let mut output = Vec::new();
    for unit in units {
        transcoder.push(unit).expect("accepted");
        output.extend(std::iter::from_fn(|| transcoder.poll()));
    }
    transcoder.flush().expect("flushes");
    output.extend(std::iter::from_fn(|| transcoder.poll()));
    output
}

/// Interleaved PCM as AAC units; their times (samples of the settings' rate) have the encoder's delay taken off, so that
/// PCM sample 0 is at `start`. What the encoder holds back at the end is cut.
pub fn encode_aac(settings: AacEncoderSettings, pcm: &[f32], start: i64) -> Vec<Unit> {
    let mut encoder = AacEncoder::new(settings).expect("opens");
    let config = Arc::new(CodecConfig::Aac(encoder.config().clone()));
    let mut time = start - i64::from(encoder.delay());
    let mut access_unit = Vec::new();
    pcm.chunks_exact(encoder.frame_length() * usize::from(settings.channels))
        .map(|frame| {
            encoder.encode(frame, &mut access_unit).expect("encodes");
            let unit = unit(&access_unit, time, settings.sample_rate, &config);
            time += encoder.frame_length() as i64;
            unit
        })
        .collect()
}

/// Interleaved PCM at 48 kHz as Opus units; PCM sample 0 is at `start`.
pub fn encode_opus(settings: OpusEncoderSettings, pcm: &[f32], start: i64) -> Vec<Unit> {
    let mut encoder = OpusEncoder::new(settings).expect("opens");
    let config = Arc::new(CodecConfig::Opus(OpusConfig { channels: settings.channels, pre_skip: 312 }));
    let mut time = start - i64::from(encoder.look_ahead());
    let mut packet = Vec::new();
    pcm.chunks_exact(960 * usize::from(settings.channels))
        .map(|frame| {
            encoder.encode(frame, &mut packet).expect("encodes");
            let unit = unit(&packet, time, SAMPLE_RATE, &config);
            time += 960;
            unit
        })
        .collect()
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

/// Decodes AAC units of 48 kHz that must follow each other without a hole.
pub fn decode_aac(units: &[Unit]) -> Sound {
    let config = aac(&units[0]);
    let channels = config.channels();
    let mut decoder = AacDecoder::new(config).expect("opens");
    let start = units[0].pts.ticks();
    let mut samples = Vec::new();
    for unit in units {
        assert_eq!(unit.pts.clock_rate(), SAMPLE_RATE);
        assert_eq!(unit.pts.ticks(), start + samples.len() as i64 / i64::from(channels), "no hole in the time line");
        let spec = decoder.decode(&unit.payload, &mut samples).expect("decodes");
        assert_eq!((spec.sample_rate, spec.channels), (SAMPLE_RATE, channels));
    }
    Sound { start, channels, samples }
}

/// The lag in samples, within `limit` either way, at which `signal` is most like `reference` (cross-correlation); positive
/// when `signal` is late. Both are at 48 kHz; half a second from the first 0.3 s on is compared.
pub fn lag(signal: &[f32], reference: &[f32], limit: i64) -> i64 {
    let score = |lag: i64| -> f64 {
        reference
            .iter()
            .enumerate()
            .skip(14_400)
            .take(24_000)
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

/// `frames` samples (48 kHz, mono) of something that codecs take for speech: a buzz of changing pitch through moving
/// formants, in syllables, with noise for the consonants between them.
pub fn speech(frames: usize) -> Vec<f32> {
    let mut noise = 1_u32;
    let mut pitch_phase = 0.0_f64;
    let mut filters = [[0.0_f64; 2]; 3];
    (0..frames)
        .map(|i| {
            let t = i as f64 / 48_000.0;
            let pitch = 120.0 + 25.0 * (TAU * 0.7 * t).sin() + 8.0 * (TAU * 5.1 * t).sin();
            pitch_phase = (pitch_phase + pitch / 48_000.0).fract();
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let hiss = f64::from(noise >> 8) / f64::from(1_u32 << 23) - 1.0;
            let syllable = (TAU * 3.3 * t).sin();
            let voiced = syllable.max(0.0).powf(0.5);
            let excitation = if pitch_phase < 0.1 { voiced } else { -0.11 * voiced } + 0.02 * hiss * (1.0 - voiced);
            let wobble = (TAU * 1.1 * t).sin();
            let formants = [(550.0 + 200.0 * wobble, 80.0), (1_500.0 - 400.0 * wobble, 120.0), (2_600.0, 200.0)];
            let mut sample = 0.0;
            for (state, (frequency, bandwidth)) in filters.iter_mut().zip(formants) {
                let radius = (-std::f64::consts::PI * bandwidth / 48_000.0).exp();
                let next = 2.0 * radius * (TAU * frequency / 48_000.0).cos() * state[0] - radius * radius * state[1]
                    + (1.0 - radius) * excitation * 4.0;
                *state = [next, state[0]];
                sample += next;
            }
            (0.03 * sample) as f32
        })
        .collect()
}

/// Amplitude of the tone of `frequency` in `signal` (48 kHz).
pub fn level_at(signal: &[f32], frequency: f64) -> f64 {
    let (mut sine, mut cosine) = (0.0, 0.0);
    for (i, &sample) in signal.iter().enumerate() {
        let phase = TAU * frequency * i as f64 / 48_000.0;
        sine += f64::from(sample) * phase.sin();
        cosine += f64::from(sample) * phase.cos();
    }
    2.0 * sine.hypot(cosine) / signal.len() as f64
}

/// How far `heard` is from `reference` (48 kHz, aligned) in the ear's terms, in dB: the mean difference of the levels in
/// bands of the Bark scale below 8 kHz, over the stretches of 21 ms in which the reference is not silent; what is more
/// than 30 dB below a stretch's sound counts as that.
pub fn spectral_distance(heard: &[f32], reference: &[f32]) -> f64 {
    const LENGTH: usize = 1_024;
    const EDGES: [f64; 22] = [
        20.0, 100.0, 200.0, 300.0, 400.0, 510.0, 630.0, 770.0, 920.0, 1_080.0, 1_270.0, 1_480.0, 1_720.0, 2_000.0,
        2_320.0, 2_700.0, 3_150.0, 3_700.0, 4_400.0, 5_300.0, 6_400.0, 7_700.0,
    ];
    let levels = |signal: &[f32]| -> Vec<f64> {
        let power = power_spectrum(signal);
        EDGES
            .windows(2)
            .map(|edge| {
                let bin = |frequency: f64| (frequency / 48_000.0 * LENGTH as f64).round() as usize;
                let band: f64 = power[bin(edge[0])..bin(edge[1]).max(bin(edge[0]) + 1)].iter().sum();
                band.max(1e-15)
            })
            .collect()
    };
    let (mut sum, mut count) = (0.0, 0_u32);
    for (got, want) in heard.as_chunks::<LENGTH>().0.iter().zip(reference.as_chunks::<LENGTH>().0).skip(4) {
        if rms(want) < 1e-3 {
            continue;
        }
        let (got, want) = (levels(got), levels(want));
        // What is 30 dB below the stretch's sound is masked.
        let masked = want.iter().sum::<f64>() / 1_000.0;
        for (got, want) in got.into_iter().zip(want) {
            sum += (10.0 * (got.max(masked) / want.max(masked)).log10()).abs();
            count += 1;
        }
    }
    sum / f64::from(count.max(1))
}

/// Power in each bin of a Hann-windowed stretch whose length is a power of two (a sine of amplitude 1 is about 1).
fn power_spectrum(signal: &[f32]) -> Vec<f64> {
    let n = signal.len();
    let mut data: Vec<(f64, f64)> = signal
        .iter()
        .enumerate()
        .map(|(i, &sample)| (f64::from(sample) * (0.5 - 0.5 * (TAU * i as f64 / n as f64).cos()), 0.0))
        .collect();
    let bits = n.trailing_zeros();
    for i in 0..n {
        let j = i.reverse_bits() >> (usize::BITS - bits);
        if i < j {
            data.swap(i, j);
        }
    }
    let mut size = 2;
    while size <= n {
        for block in data.chunks_exact_mut(size) {
            let (low, high) = block.split_at_mut(size / 2);
            for (k, (a, b)) in low.iter_mut().zip(high).enumerate() {
                let (sine, cosine) = (-TAU * k as f64 / size as f64).sin_cos();
                let turned = (b.0 * cosine - b.1 * sine, b.0 * sine + b.1 * cosine);
                (*b, *a) = ((a.0 - turned.0, a.1 - turned.1), (a.0 + turned.0, a.1 + turned.1));
            }
        }
        size *= 2;
    }
    let scale = 4.0 / n as f64;
    data.iter().take(n / 2).map(|(re, im)| (re * scale).powi(2) + (im * scale).powi(2)).collect()
}
