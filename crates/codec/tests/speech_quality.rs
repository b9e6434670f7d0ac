//! Something like speech through each chain: how far the spectrum moves, against stored figures that may not get worse.
#![cfg(feature = "fdk")]

mod support;

use rtmp_gateway_codec::{
    AacEncoderSettings, AacPolicy, AacProfile, AacToOpus, OpusPolicy, OpusToAac, TranscodeSettings,
};
use support::{decode_aac, decode_opus, encode_aac, encode_opus, spectral_distance, speech, to_aac, to_opus};

/// The measure may be worse than the stored figure by this much (dB), for processors with other vector instructions.
const TOLERANCE: f64 = 0.05;
const FRAMES: usize = 192_000;

fn check(chain: &str, start: i64, heard: &[f32], stored: f64) {
    let skip = usize::try_from(-start).expect("the first unit lies before the source's start");
    let distance = spectral_distance(&heard[skip..], &speech(FRAMES));
    println!("{chain}: spectral distance {distance:.2} dB");
    assert!(distance <= stored + TOLERANCE, "{chain}: {distance:.2} dB, stored {stored} dB");
    assert!(distance >= stored - 0.15, "{chain}: {distance:.2} dB is much better than {stored} dB: store that");
}

#[test]
fn aac_to_opus_is_as_good_as_it_was() {
    let source = AacEncoderSettings {
        profile: AacProfile::LowComplexity,
        sample_rate: 48_000,
        channels: 1,
        bitrate: 64_000,
        afterburner: true,
    };
    let units = encode_aac(source, &speech(FRAMES), 0);
    for (bitrate, stored) in [(24_000, 0.69), (32_000, 0.60), (64_000, 0.35)] {
        let opus = OpusPolicy { mono_bitrate: bitrate, ..OpusPolicy::default() };
        let mut transcoder = AacToOpus::new(TranscodeSettings { opus, ..TranscodeSettings::default() });
        let sound = decode_opus(&to_opus(&mut transcoder, &units));
        check(&format!("AAC -> Opus {bitrate}"), sound.start, &sound.samples, stored);
    }
}

#[test]
fn opus_to_aac_is_as_good_as_it_was() {
    let policy = OpusPolicy { mono_bitrate: 32_000, ..OpusPolicy::default() };
    let units = encode_opus(policy.encoder_settings(1), &speech(FRAMES), 0);
    for (afterburner, stored) in [(false, 0.61), (true, 0.58)] {
        let aac = AacPolicy { afterburner, ..AacPolicy::default() };
        let mut transcoder = OpusToAac::new(TranscodeSettings { aac, ..TranscodeSettings::default() });
        let sound = decode_aac(&to_aac(&mut transcoder, &units));
        check(&format!("Opus 32000 -> AAC, afterburner {afterburner}"), sound.start, &sound.samples, stored);
    }
}
