//! A tone through each chain: distortion and noise stay below the bounds of the design (THD+N).
#![cfg(feature = "fdk")]

mod support;

use rtmp_gateway_codec::{
    AacEncoderSettings, AacPolicy, AacProfile, AacToOpus, ChannelPolicy, OpusPolicy, OpusToAac, TranscodeSettings,
};
use support::{decode_aac, decode_opus, encode_aac, encode_opus, thd_n, to_aac, to_opus, tone};

const FREQUENCY: f64 = 440.0;

/// The middle of what was heard: encoders need a moment to settle.
fn settled(heard: &[f32]) -> &[f32] {
    &heard[24_000..72_000]
}

#[test]
fn aac_to_opus() {
    for (channels, bitrate, bound) in [(1_u8, 32_000_u32, -35.0), (1, 64_000, -44.0), (2, 96_000, -44.0)] {
        let source = AacEncoderSettings {
            profile: AacProfile::LowComplexity,
            sample_rate: 48_000,
            channels,
            bitrate: 128_000 * u32::from(channels),
            afterburner: true,
        };
        let units = encode_aac(source, &tone(FREQUENCY, 0.5, 96_000, channels), 0);
        let opus = OpusPolicy { mono_bitrate: bitrate, stereo_bitrate: bitrate, ..OpusPolicy::default() };
        let mut transcoder = AacToOpus::new(TranscodeSettings { opus, ..TranscodeSettings::default() });
        let sound = decode_opus(&to_opus(&mut transcoder, &units));
        for channel in 0..usize::from(channels) {
            let figure = thd_n(settled(&sound.channel(channel)), FREQUENCY);
            println!("AAC -> Opus {bitrate} b/s, {channels} channels: THD+N {figure:.1} dB");
            assert!(figure <= bound, "{bitrate}: {figure} dB");
        }
    }
}

#[test]
fn opus_to_aac() {
    for channels in [1_u8, 2] {
        let policy = OpusPolicy { mono_bitrate: 128_000, stereo_bitrate: 256_000, ..OpusPolicy::default() };
        let units = encode_opus(policy.encoder_settings(channels), &tone(FREQUENCY, 0.5, 96_000, channels), 0);
        let mut transcoder = OpusToAac::new(TranscodeSettings::default());
        let sound = decode_aac(&to_aac(&mut transcoder, &units));
        for channel in 0..usize::from(channels) {
            let figure = thd_n(settled(&sound.channel(channel)), FREQUENCY);
            println!("Opus -> AAC, {channels} channels: THD+N {figure:.1} dB");
            assert!(figure <= -44.0, "{figure} dB");
        }
    }
}

#[test]
fn channels_follow_the_policy() {
    let units = encode_opus(OpusPolicy::default().encoder_settings(2), &tone(FREQUENCY, 0.5, 96_000, 2), 0);
    let aac = AacPolicy { channels: ChannelPolicy::Mono, ..AacPolicy::default() };
    let mut transcoder = OpusToAac::new(TranscodeSettings { aac, ..TranscodeSettings::default() });
    let sound = decode_aac(&to_aac(&mut transcoder, &units));
    assert_eq!(sound.channels, 1);
    assert!(thd_n(settled(&sound.samples), FREQUENCY) < -40.0);
}
