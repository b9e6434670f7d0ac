//! Ten percent of the packets are lost: in-band FEC sounds better than concealment alone.
#![cfg(feature = "fdk")]

mod support;

use rtmp_gateway_codec::{OpusPolicy, OpusToAac, TranscodeSettings};
use rtmp_gateway_media::Unit;
use support::{decode_aac, encode_opus, rms, speech, to_aac};

/// Every packet with its fate: a small generator, so that the loss is the same in every run.
fn lossy(units: &[Unit]) -> Vec<Unit> {
    let mut state = 7_u32;
    let mut lost_before = false;
    units
        .iter()
        .filter(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // FEC can only bring back single losses.
            let lost = state >> 16 < 65_536 / 10 && !lost_before;
            lost_before = lost;
            !lost
        })
        .cloned()
        .collect()
}

/// How much worse than the lossless output, in dB (less is better).
fn damage(fec: bool) -> (f64, u64) {
    let policy = OpusPolicy {
        mono_bitrate: 28_000,
        fec,
        expected_loss_percent: if fec { 10 } else { 0 },
        ..OpusPolicy::default()
    };
    let units = encode_opus(policy.encoder_settings(1), &speech(480_000), 0);
    let heard = |units: &[Unit]| {
        let mut transcoder = OpusToAac::new(TranscodeSettings::default());
        let output = to_aac(&mut transcoder, units);
        (decode_aac(&output).samples, transcoder.stats())
    };
    let (clean, _) = heard(&units);
    let received = lossy(&units);
    assert!(received.len() < units.len() * 95 / 100 && received.len() > units.len() * 85 / 100);
    let (broken, stats) = heard(&received);
    assert_eq!(broken.len(), clean.len(), "lost packets leave no hole");
    assert_eq!(stats.gaps as usize, units.len() - received.len());
    let difference: Vec<f32> = clean.iter().zip(&broken).map(|(a, b)| a - b).collect();
    (20.0 * (rms(&difference) / rms(&clean)).log10(), stats.recovered_samples)
}

#[test]
fn fec_beats_concealment() {
    let (plc, none) = damage(false);
    let (fec, recovered) = damage(true);
    println!("damage by 10 % loss: concealment {plc:.1} dB, FEC {fec:.1} dB");
    assert_eq!(none, 0);
    assert!(recovered > 20 * 960);
    assert!(fec < plc - 3.0, "FEC {fec} dB, concealment {plc} dB");
}
