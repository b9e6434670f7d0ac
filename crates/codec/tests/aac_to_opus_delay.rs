//! AAC made by FFmpeg keeps its place in time through the chain: cross-correlation agrees with the claimed times.

mod support;

use rtmp_gateway_codec::{AacToOpus, TranscodeSettings};
use support::{decode_opus, fixture, lag, left_chirp, right_chirp, to_opus};

/// FFmpeg's native AAC encoder delays by this many samples of its rate.
const FFMPEG_DELAY: f64 = 1_024.0;

#[test]
fn every_rate_and_channel_count_is_within_a_millisecond() {
    for rate in [16_000_u32, 44_100, 48_000] {
        for layout in ["mono", "stereo"] {
            let name = format!("lc_{rate}_{layout}.aac");
            let units = fixture(&name, 10_000);
            let mut transcoder = AacToOpus::new(TranscodeSettings::default());
            let output = to_opus(&mut transcoder, &units);
            let sound = decode_opus(&output);
            assert_eq!(sound.channels, if layout == "mono" { 1 } else { 2 });
            assert_eq!(transcoder.stats().decode_errors, 0);
            for (channel, chirp) in [left_chirp, right_chirp].into_iter().enumerate().take(sound.channels.into()) {
                let heard = sound.channel(channel);
                let reference: Vec<f32> = (0..heard.len())
                    .map(|i| {
                        let time = (sound.start + i as i64 - 480_000) as f64 / 48_000.0;
                        chirp(time - FFMPEG_DELAY / f64::from(rate))
                    })
                    .collect();
                let lag = lag(&heard, &reference, 480);
                assert!(lag.abs() <= 48, "{name} channel {channel}: {lag} samples off");
                let error: Vec<f32> = heard.iter().zip(&reference).map(|(a, b)| a - b).collect();
                println!(
                    "{name} channel {channel}: lag {lag} samples, error {:.1} dB",
                    20.0 * (support::rms(&error) / support::rms(&reference)).log10()
                );
            }
        }
    }
}
