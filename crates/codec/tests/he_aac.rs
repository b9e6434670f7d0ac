//! HE-AAC v1 and v2, signalled or not, comes out at full rate, in time and as loud as it went in.
#![cfg(feature = "fdk")]

mod support;

use rtmp_gateway_codec::{AacDecoder, AacEncoderSettings, AacProfile, AacToOpus, TranscodeSettings};
use support::{decode_opus, encode_aac, lag, left_chirp, rms, thd_n, to_opus, tone};

fn settings(profile: AacProfile, sample_rate: u32) -> AacEncoderSettings {
    let (channels, bitrate) = match profile {
        AacProfile::HighEfficiencyV2 { .. } => (2, 32_000),
        _ => (1, 48_000),
    };
    AacEncoderSettings { profile, sample_rate, channels, bitrate, afterburner: true }
}

const PROFILES: [AacProfile; 4] = [
    AacProfile::HighEfficiency { explicit: true },
    AacProfile::HighEfficiency { explicit: false },
    AacProfile::HighEfficiencyV2 { explicit: true },
    AacProfile::HighEfficiencyV2 { explicit: false },
];

#[test]
fn is_decoded_at_the_doubled_rate_by_fdk() {
    for profile in PROFILES {
        for rate in [32_000, 44_100, 48_000] {
            let settings = settings(profile, rate);
            let units = encode_aac(settings, &tone(440.0, 0.5, 48_000, settings.channels), 0);
            let mut decoder = AacDecoder::new(support::aac(&units[0])).expect("opens");
            let mut pcm = Vec::new();
            for unit in &units {
                let spec = decoder.decode(&unit.payload, &mut pcm).expect("decodes");
                // Two channels even of mono: parametric stereo may begin with any frame.
                assert_eq!((spec.sample_rate, spec.channels, spec.frames), (rate, 2, 2_048), "{profile:?}");
            }
            assert_eq!(decoder.engine_name(), "fdk");
        }
    }
}

#[test]
fn plain_aac_at_low_rates_moves_to_the_rust_decoder_without_a_seam() {
    for rate in [16_000, 24_000] {
        let settings =
            AacEncoderSettings { profile: AacProfile::LowComplexity, ..settings(AacProfile::LowComplexity, rate) };
        let units = encode_aac(settings, &tone(440.0, 0.5, 48_000, 1), 0);
        let mut decoder = AacDecoder::new(support::aac(&units[0])).expect("opens");
        assert_eq!(decoder.engine_name(), "fdk");
        let mut pcm = Vec::new();
        for unit in &units {
            let spec = decoder.decode(&unit.payload, &mut pcm).expect("decodes");
            assert_eq!((spec.sample_rate, spec.frames), (rate, 1_024));
        }
        assert_eq!(decoder.engine_name(), "symphonia");
        // The encoder saw 440 Hz of 48 kHz. The 8th frame ends FDK's part.
        let seam = &pcm[4_096..12_288];
        assert!(thd_n(seam, 440.0) < -45.0, "{rate}: {} dB", thd_n(seam, 440.0));
    }
}

#[test]
fn keeps_its_place_in_time_and_its_level() {
    for profile in PROFILES {
        let settings = settings(profile, 48_000);
        let channels = usize::from(settings.channels);
        let pcm: Vec<f32> =
            (0..96_000).flat_map(|i| std::iter::repeat_n(left_chirp(f64::from(i) / 48_000.0), channels)).collect();
        let units = encode_aac(settings, &pcm, 0);
        let mut transcoder = AacToOpus::new(TranscodeSettings::default());
        let sound = decode_opus(&to_opus(&mut transcoder, &units));
        let heard = sound.channel(0);
        let reference: Vec<f32> =
            (0..heard.len()).map(|i| left_chirp((sound.start + i as i64) as f64 / 48_000.0)).collect();
        let lag = lag(&heard, &reference, 1_200);
        println!("{profile:?}: lag {lag}, level {:.3} of {:.3}", rms(&heard), rms(&reference));
        assert!(lag.abs() <= 48, "{profile:?}: {lag} samples off");
        let level = rms(&heard) / rms(&reference);
        assert!((0.85..1.15).contains(&level), "{profile:?}: level {level}");
    }
}
