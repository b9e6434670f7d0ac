//! Opus keeps its place in time through the chain to AAC: cross-correlation agrees with the claimed times.
#![cfg(feature = "fdk")]

mod support;

use rtmp_gateway_codec::{OpusPolicy, OpusToAac, TranscodeSettings};
use support::{decode_aac, encode_opus, lag, left_chirp, right_chirp, to_aac};

#[test]
fn mono_and_stereo_are_within_a_millisecond() {
    for channels in [1_u8, 2] {
        let pcm: Vec<f32> = (0..72_000)
            .flat_map(|i| {
                let t = f64::from(i) / 48_000.0;
                [left_chirp(t), right_chirp(t)].into_iter().take(usize::from(channels))
            })
            .collect();
        let units = encode_opus(OpusPolicy::default().encoder_settings(channels), &pcm, 480_000);
        let mut transcoder = OpusToAac::new(TranscodeSettings::default());
        let output = to_aac(&mut transcoder, &units);
        let sound = decode_aac(&output);
        assert_eq!(sound.channels, channels);
        for (channel, chirp) in [left_chirp, right_chirp].into_iter().enumerate().take(channels.into()) {
            let heard = sound.channel(channel);
            let reference: Vec<f32> =
                (0..heard.len()).map(|i| chirp((sound.start + i as i64 - 480_000) as f64 / 48_000.0)).collect();
            let lag = lag(&heard, &reference, 480);
            println!("lag {lag}");
            assert!(lag.abs() <= 48, "{channels} channels, channel {channel}: {lag} samples off");
        }
    }
}
