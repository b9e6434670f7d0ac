//! Broken AAC: cut, flipped and random access units, absurd configurations. Each is an error value or concealed sound.

mod support;

use bytes::Bytes;
use rtmp_gateway_codec::{AacDecoder, AacToOpus, CodecError, TranscodeSettings};
use rtmp_gateway_media::{AacConfig, CodecConfig};
use std::sync::Arc;
use support::{decode_opus, fixture, rms, to_opus, unit};

/// A small generator, so that every run sees the same garbage.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}

/// Whatever goes in: nothing is appended on an error, and every sample is a sane number.
fn feed(decoder: &mut AacDecoder, access_unit: &[u8]) -> Result<(), CodecError> {
    let mut pcm = Vec::new();
    let result = decoder.decode(access_unit, &mut pcm);
    match &result {
        Ok(spec) => assert_eq!(pcm.len(), spec.frames * usize::from(spec.channels)),
        Err(_) => {
            assert!(pcm.is_empty());
            if let Some(spec) = decoder.conceal(&mut pcm) {
                assert_eq!(pcm.len(), spec.frames * usize::from(spec.channels));
            }
        }
    }
    assert!(pcm.iter().all(|sample| sample.is_finite() && sample.abs() <= 4.0));
    result.map(drop)
}

#[test]
fn every_cut_of_a_unit_is_an_error_or_sound() {
    for name in ["lc_48000_stereo.aac", "lc_16000_mono.aac"] {
        let units = fixture(name, 0);
        let mut decoder = AacDecoder::new(support::aac(&units[0])).expect("opens");
        for unit in units.iter().skip(3).take(3) {
            for cut in 0..unit.payload.len() {
                let _ = feed(&mut decoder, &unit.payload[..cut]);
            }
            feed(&mut decoder, &unit.payload).expect("a whole unit decodes again");
        }
    }
}

#[test]
fn flipped_and_random_units_never_panic() {
    for name in ["lc_48000_stereo.aac", "lc_44100_mono.aac", "lc_16000_stereo.aac", "lc_16000_mono.aac"] {
        damage(&fixture(name, 0), name);
    }
}

#[cfg(feature = "fdk")]
#[test]
fn flipped_and_random_he_aac_never_crashes() {
    use rtmp_gateway_codec::{AacEncoderSettings, AacProfile};
    for profile in [
        AacProfile::HighEfficiency { explicit: true },
        AacProfile::HighEfficiency { explicit: false },
        AacProfile::HighEfficiencyV2 { explicit: true },
        AacProfile::HighEfficiencyV2 { explicit: false },
    ] {
        let settings =
            AacEncoderSettings { profile, sample_rate: 48_000, channels: 2, bitrate: 40_000, afterburner: false };
        let speech = support::speech(48_000).into_iter().flat_map(|sample| [sample, -sample]).collect::<Vec<_>>();
        damage(&support::encode_aac(settings, &speech, 0), &format!("{profile:?}"));
    }
}

/// Feeds a decoder damaged and random units; more of them with the environment variable `HOSTILE_ROUNDS`.
fn damage(units: &[rtmp_gateway_media::Unit], name: &str) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let rounds = std::env::var("HOSTILE_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(300);
    let mut decoder = AacDecoder::new(support::aac(&units[0])).expect("opens");
    for _ in 0..rounds {
        let mut payload = units[random.below(units.len())].payload.to_vec();
        for _ in 0..=random.below(6) {
            let (at, bit) = (random.below(payload.len()), random.below(8));
            payload[at] ^= 1 << bit;
        }
        if let Err(error) = feed(&mut decoder, &payload) {
            assert!(!error.to_string().contains("panicked"), "{name}: {error}");
        }
        let length = random.below(400);
        let garbage = random.bytes(length);
        if let Err(error) = feed(&mut decoder, &garbage) {
            assert!(!error.to_string().contains("panicked"), "{name}: {error}");
        }
    }
}

fn stats_after(
    units: &[rtmp_gateway_media::Unit],
) -> (Vec<rtmp_gateway_media::Unit>, rtmp_gateway_codec::TranscodeStats) {
    let mut transcoder = AacToOpus::new(TranscodeSettings::default());
    let output = to_opus(&mut transcoder, units);
    (output, transcoder.stats())
}

#[test]
fn hostile_36_empty_and_tiny_units_are_concealed_and_time_goes_on() {
    let mut units = fixture("lc_48000_mono.aac", 0);
    let (whole, _) = stats_after(&units);
    units[20].payload = Bytes::new();
    units[30].payload = Bytes::from_static(&[0]);
    units[40].payload = Bytes::from(vec![0xff; 20_000]);
    let (output, stats) = stats_after(&units);
    assert_eq!(stats.decode_errors, 3);
    assert_eq!(stats.concealed_samples, 3 * 1_024);
    assert_eq!(output.len(), whole.len());
    assert!(matches!(stats.last_error, Some(CodecError::Decode { frame: 40, length: 20_000, .. })));
    let heard = decode_opus(&output).samples;
    assert!(rms(&heard) > 0.2);
}

#[test]
fn a_source_of_nothing_but_garbage_is_muted_with_a_reason_and_heals() {
    let good = fixture("lc_44100_stereo.aac", 0);
    let mut random = Random(77);
    let mut units = good.clone();
    for unit in &mut units {
        // The end marker alone would be valid silence.
        let mut garbage = random.bytes(100);
        garbage[0] = 0x40;
        unit.payload = garbage.into();
    }
    let mut transcoder = AacToOpus::new(TranscodeSettings::default());
    for unit in &units {
        transcoder.push(unit).expect("concealed");
    }
    let stats = transcoder.stats();
    assert!(stats.muted_because().is_some(), "{stats:?}");
    let mut heard = Vec::new();
    let silent: Vec<_> = std::iter::from_fn(|| transcoder.poll()).collect();
    heard.extend(decode_opus(&silent).samples);
    assert!(rms(&heard) < 1e-3, "silence");
    transcoder.push(&good[0]).expect("accepted");
    assert_eq!(transcoder.stats().muted_because(), None);
}

#[test]
fn absurd_configurations_are_refused_every_time_and_cost_nothing() {
    let record = |bytes: &[u8]| AacConfig::parse(Bytes::copy_from_slice(bytes));
    let lc = |rate, channels| AacConfig::lc(rate, channels);
    // Object type 1 (main) and 4 (LTP); rates without a common divisor with 48 kHz or out of range.
    let refused =
        [record(&[0x0a, 0x10]), record(&[0x22, 0x10]), lc(47_999, 2), lc(1_000, 1), lc(192_000, 1), lc(47_981, 8)];
    let mut transcoder = AacToOpus::new(TranscodeSettings::default());
    for config in refused {
        let config = Arc::new(CodecConfig::Aac(config.expect("well formed")));
        for time in 0..3 {
            let result = transcoder.push(&unit(&[0x21, 0, 0, 0, 0, 0x1c], time * 21, 1_000, &config));
            assert!(matches!(result, Err(CodecError::Unsupported { .. })), "{config:?}: {result:?}");
        }
    }
    assert!(transcoder.poll().is_none());
    // It goes on with a source that is right.
    let good = fixture("lc_48000_mono.aac", 0);
    assert!(!to_opus(&mut transcoder, &good).is_empty());
}

#[test]
fn a_unit_of_another_codec_is_an_error() {
    let config = Arc::new(CodecConfig::Opus(rtmp_gateway_media::OpusConfig { channels: 2, pre_skip: 0 }));
    let mut transcoder = AacToOpus::new(TranscodeSettings::default());
    let result = transcoder.push(&unit(&[0xfc], 0, 48_000, &config));
    assert!(matches!(result, Err(CodecError::WrongCodec { expected: "AAC", .. })));
}

#[test]
fn hostile_19_timestamps_that_jump_restart_the_time_line() {
    let jumps =
        [0_i64, 86_400_000, 5_000, i64::from(u32::MAX), -(1 << 31), i64::MAX / 2, i64::MIN / 2, i64::MAX, i64::MIN];
    let mut transcoder = AacToOpus::new(TranscodeSettings::default());
    let source = fixture("lc_48000_mono.aac", 0);
    let mut made = 0;
    for jump in jumps {
        for unit in &source[..10] {
            let time = jump.saturating_add(unit.pts.ticks());
            let unit = support::unit(&unit.payload, time, 1_000, &unit.config);
            transcoder.push(&unit).expect("accepted");
            made += std::iter::from_fn(|| transcoder.poll()).count();
        }
    }
    assert!(transcoder.stats().restarts >= 5);
    // Each stretch of 10 units is 11 packets at most: nothing was made up for the jumps.
    assert!(made <= jumps.len() * 12, "{made}");
}

#[test]
fn holes_between_all_units_cost_no_more_than_twice_the_sound() {
    let source = fixture("lc_48000_mono.aac", 0);
    let mut transcoder = AacToOpus::new(TranscodeSettings::default());
    let mut made = 0;
    for round in 0..200_i64 {
        let unit = &source[round as usize % source.len()];
        transcoder.push(&support::unit(&unit.payload, round * 990, 1_000, &unit.config)).expect("accepted");
        made += std::iter::from_fn(|| transcoder.poll()).count();
    }
    // 200 units are 214 packets, each restart may fill one up, the credit is 50.
    assert!(made < 214 * 2 + 200 + 50, "{made}");
}

#[test]
fn adts_in_units_is_unwrapped_and_a_flood_of_it_bounded() {
    let source = fixture("lc_48000_mono.aac", 0);
    let header = |length: usize, rate_index: u8| {
        let length = length + 7;
        [
            0xff,
            0xf1,
            0x40 | rate_index << 2,
            0x40 | (length >> 11) as u8,
            (length >> 3) as u8,
            (length << 5) as u8,
            0xfc,
        ]
    };
    let (plain, _) = stats_after(&source);
    // The header's rate wins over the configuration that came before (late or wrong sequence headers).
    let wrong = Arc::new(CodecConfig::Aac(AacConfig::lc(44_100, 1).expect("valid")));
    let wrapped: Vec<_> = source
        .iter()
        .map(|unit| {
            let mut payload = header(unit.payload.len(), 3).to_vec();
            payload.extend_from_slice(&unit.payload);
            support::unit(&payload, unit.pts.ticks(), 1_000, &wrong)
        })
        .collect();
    let (output, stats) = stats_after(&wrapped);
    assert_eq!(stats.decode_errors, 0);
    assert_eq!(output.len(), plain.len());
    assert!(output.iter().zip(&plain).all(|(a, b)| a.payload == b.payload));
    let flood: Vec<u8> = (0..100_000).flat_map(|_| header(0, 3)).collect();
    let (output, _) = stats_after(&[unit(&flood, 0, 1_000, &wrong)]);
    assert!(output.len() <= 20, "{}", output.len());
}
