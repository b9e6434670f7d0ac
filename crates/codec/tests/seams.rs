//! No click at the start, at the end, where the source changes, and where lost sound is made up.
#![cfg(feature = "fdk")]

mod support;

use rtmp_gateway_codec::{
    AacEncoderSettings, AacProfile, AacToOpus, ChannelPolicy, OpusPolicy, OpusToAac, TranscodeSettings,
};
use rtmp_gateway_media::Unit;
use support::{decode_aac, decode_opus, encode_aac, encode_opus, largest_kink, rms, to_aac, to_opus, tone};

/// A 440 Hz tone of amplitude 0.5 has second differences up to 0.5 (2 pi 440 / 48000)^2 = 0.0017. A step of 0.5 has 0.5;
/// codec noise a few thousandths.
const CLICK: f32 = 0.03;

fn settings(sample_rate: u32, channels: u8) -> AacEncoderSettings {
    let bitrate = if sample_rate < 32_000 { 48_000 } else { 96_000 };
    AacEncoderSettings { profile: AacProfile::LowComplexity, sample_rate, channels, bitrate, afterburner: false }
}

/// A tone of 440 Hz at any rate, starting at full level: a cosine.
fn loud(sample_rate: u32, channels: u8, seconds: f64) -> Vec<f32> {
    let step = std::f64::consts::TAU * 440.0 / f64::from(sample_rate);
    (0..(f64::from(sample_rate) * seconds) as usize)
        .flat_map(|i| std::iter::repeat_n((0.5 * (step * i as f64).cos()) as f32, channels.into()))
        .collect()
}

/// Source units of one encoder, without its priming, so that they start and stop in the middle of sound.
fn source(sample_rate: u32, channels: u8, start_ms: i64) -> Vec<Unit> {
    let units = encode_aac(settings(sample_rate, channels), &loud(sample_rate, channels, 0.6), 0);
    let mut cut: Vec<Unit> = units.into_iter().skip(4).collect();
    for (index, unit) in cut.iter_mut().enumerate() {
        let ms = start_ms + (index as i64 * 1_024_000) / i64::from(sample_rate);
        unit.dts = rtmp_gateway_media::MediaTime::from_millis(ms);
        unit.pts = unit.dts;
    }
    cut
}

fn end_ms(units: &[Unit], sample_rate: u32) -> i64 {
    units.last().map_or(0, |unit| unit.pts.as_millis() + 1_024_000 / i64::from(sample_rate))
}

#[test]
fn a_source_that_changes_rate_and_channels_does_not_click() {
    for channels in [ChannelPolicy::Source, ChannelPolicy::Stereo, ChannelPolicy::Mono] {
        let opus = OpusPolicy { channels, mono_bitrate: 128_000, stereo_bitrate: 192_000, ..OpusPolicy::default() };
        let mut transcoder = AacToOpus::new(TranscodeSettings { opus, ..TranscodeSettings::default() });
        let mut units = Vec::new();
        for (rate, channels) in [(48_000, 1), (44_100, 1), (16_000, 1), (44_100, 2), (48_000, 2), (48_000, 1)] {
            let start = end_ms(&units, 48_000);
            units.extend(source(rate, channels, start));
        }
        let output = to_opus(&mut transcoder, &units);
        let stats = transcoder.stats();
        assert_eq!((stats.source_changes, stats.restarts, stats.decode_errors), (5, 0, 0));
        // One decoder of two channels hears all, as a browser would, across changes of channels in mid-stream.
        let mut decoder = rtmp_gateway_codec::OpusDecoder::new(2).expect("opens");
        let mut heard = Vec::new();
        for unit in &output {
            decoder.decode(&unit.payload, &mut heard).expect("decodes");
        }
        let left: Vec<f32> = heard.iter().step_by(2).copied().collect();
        let kink = largest_kink(&left);
        println!("{channels:?}: largest kink {kink}");
        assert!(kink < CLICK, "{channels:?}: {kink}");
        assert!(left[0].abs() < 0.01, "starts from silence");
        assert!(left[left.len() - 100..].iter().all(|sample| sample.abs() < 0.02), "ends in silence");
    }
}

#[test]
fn another_encoder_of_the_same_shape_does_not_click() {
    for rate in [16_000, 48_000] {
        let mut units = source(rate, 1, 0);
        let second = source(rate, 1, end_ms(&units, rate));
        // The same sound under another configuration record: a trailing byte, as some encoders add.
        let mut record = support::aac(&units[0]).record().to_vec();
        record.push(0);
        let config = rtmp_gateway_media::AacConfig::parse(record.into()).expect("valid");
        let config = std::sync::Arc::new(rtmp_gateway_media::CodecConfig::Aac(config));
        units.extend(second.into_iter().map(|unit| Unit { config: config.clone(), ..unit }));
        let mut transcoder = AacToOpus::new(TranscodeSettings::default());
        let heard = decode_opus(&to_opus(&mut transcoder, &units)).samples;
        assert_eq!(transcoder.stats().source_changes, 1);
        assert!(largest_kink(&heard) < CLICK, "{rate}: {}", largest_kink(&heard));
    }
}

#[test]
fn lost_aac_is_made_up_in_time_without_a_click() {
    let mut units = source(48_000, 2, 0);
    let last = units.len() - 1;
    let whole = to_opus(&mut AacToOpus::new(TranscodeSettings::default()), &units);
    units.drain(10..15);
    let mut transcoder = AacToOpus::new(TranscodeSettings::default());
    let output = to_opus(&mut transcoder, &units);
    let stats = transcoder.stats();
    assert_eq!((stats.gaps, stats.restarts), (1, 0));
    assert_eq!(stats.concealed_samples, 5 * 1_024);
    assert_eq!(output.len(), whole.len(), "{last}");
    let heard = decode_opus(&output).channel(0);
    assert!(largest_kink(&heard) < CLICK, "{}", largest_kink(&heard));
    // 10 frames are some 213 ms of sound; then it fades; at the end it is back.
    assert!(rms(&heard[4_800..9_600]) > 0.3);
    assert!(rms(&heard[13_500..14_500]) < 0.05);
    assert!(rms(&heard[17_000..20_000]) > 0.3);
}

#[test]
fn a_gap_too_long_to_fill_fades_out_and_in() {
    for rate in [44_100, 48_000] {
        let mut units = source(rate, 1, 0);
        units.extend(source(rate, 1, 20_000));
        let mut transcoder = AacToOpus::new(TranscodeSettings::default());
        let output = to_opus(&mut transcoder, &units);
        assert_eq!((transcoder.stats().restarts, transcoder.stats().gaps), (1, 0));
        let jump = output.windows(2).position(|pair| pair[1].pts.ticks() - pair[0].pts.ticks() != 960).expect("one");
        assert_eq!(output[jump + 1].pts.ticks(), 20_000 * 48 - 312, "the second part is in its own place");
        let mut decoder = rtmp_gateway_codec::OpusDecoder::new(1).expect("opens");
        let mut heard = Vec::new();
        for unit in &output {
            decoder.decode(&unit.payload, &mut heard).expect("decodes");
        }
        assert!(largest_kink(&heard) < CLICK, "{rate}: {}", largest_kink(&heard));
    }
}

#[test]
fn a_browser_that_turns_stereo_does_not_click() {
    let policy = OpusPolicy { mono_bitrate: 96_000, stereo_bitrate: 128_000, ..OpusPolicy::default() };
    let mono = encode_opus(policy.encoder_settings(1), &tone(440.0, 0.5, 48_000, 1), 312);
    let stereo = encode_opus(policy.encoder_settings(2), &tone(440.0, 0.5, 48_000, 2), 48_000 + 312);
    let units: Vec<Unit> = mono.into_iter().chain(stereo.into_iter().skip(1)).collect();
    let mut transcoder = OpusToAac::new(TranscodeSettings::default());
    let output = to_aac(&mut transcoder, &units);
    assert_eq!(transcoder.stats().source_changes, 1);
    let change = output.iter().position(|unit| support::aac(unit).channels() == 2).expect("it became stereo");
    assert!(output[change..].iter().all(|unit| support::aac(unit).channels() == 2), "and stays so");
    for pair in output.windows(2) {
        assert_eq!(pair[1].pts.ticks() - pair[0].pts.ticks(), 1_024, "time goes on");
    }
    // A player opens a new decoder there, which starts from silence by itself: each part is heard alone.
    for part in [&output[..change], &output[change..]] {
        let heard = decode_aac(part).channel(0);
        assert!(largest_kink(&heard[2_048..]) < CLICK, "{}", largest_kink(&heard[2_048..]));
    }
    let second = decode_aac(&output[change..]).channel(0);
    assert!(rms(&second[2_048..12_000]) > 0.2, "the successor was primed");
}
