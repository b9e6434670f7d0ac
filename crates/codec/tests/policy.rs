//! What can be set while a transcoder runs: bit rate, FEC, DTX; and what is refused.

mod support;

use rtmp_gateway_codec::{AacToOpus, CodecError, OpusDecoder, OpusPolicy, TranscodeSettings};
use rtmp_gateway_media::Unit;
use support::{fixture, to_opus};

fn bytes(units: &[Unit]) -> usize {
    units.iter().map(|unit| unit.payload.len()).sum()
}

fn drain(transcoder: &mut AacToOpus) -> Vec<Unit> {
    std::iter::from_fn(|| transcoder.poll()).collect()
}

#[test]
fn the_bit_rate_steps_down_while_running() {
    let source = fixture("lc_48000_stereo.aac", 0);
    let mut transcoder = AacToOpus::new(TranscodeSettings::default());
    let (first, second) = source.split_at(source.len() / 2);
    for unit in first {
        transcoder.push(unit).expect("accepted");
    }
    let high = drain(&mut transcoder);
    let policy = OpusPolicy { stereo_bitrate: 24_000, complexity: 0, ..OpusPolicy::default() };
    transcoder.set_policy(policy).expect("in range");
    for unit in second {
        transcoder.push(unit).expect("accepted");
    }
    let low = drain(&mut transcoder);
    assert_eq!(low[0].pts.ticks() - high[high.len() - 1].pts.ticks(), 960, "time goes on");
    assert!(bytes(&low) / low.len() < bytes(&high) / high.len() / 2);
    let absurd = OpusPolicy { stereo_bitrate: 1, ..policy };
    assert!(matches!(transcoder.set_policy(absurd), Err(CodecError::Setting { setting: "opus.bitrate", .. })));
}

#[test]
fn fec_is_in_the_packets_once_viewers_report_loss() {
    let source = fixture("lc_16000_mono.aac", 0);
    let policy = OpusPolicy { mono_bitrate: 28_000, ..OpusPolicy::default() };
    let mut transcoder = AacToOpus::new(TranscodeSettings { opus: policy, ..TranscodeSettings::default() });
    let protected = |units: &[Unit]| units.iter().filter(|unit| OpusDecoder::has_fec(&unit.payload)).count();
    let (first, second) = source.split_at(source.len() / 2);
    for unit in first {
        transcoder.push(unit).expect("accepted");
    }
    assert_eq!(protected(&drain(&mut transcoder)), 0);
    let lossy = OpusPolicy { fec: true, expected_loss_percent: 15, ..policy };
    transcoder.set_policy(lossy).expect("in range");
    for unit in second {
        transcoder.push(unit).expect("accepted");
    }
    let units = drain(&mut transcoder);
    assert!(protected(&units) > units.len() / 2, "{} of {}", protected(&units), units.len());
}

#[test]
fn dtx_leaves_packets_out_and_times_stay_true() {
    let mut source = fixture("lc_48000_mono.aac", 0);
    // Silence by an empty spectrum, 2 s of it.
    let silence = support::unit(&[0, 0, 0, 7], 0, 1_000, &source[0].config);
    let start = source.len() as i64 * 1_024;
    source.extend((0..94).map(|index| {
        let time = (start + index * 1_024) / 48;
        support::unit(&silence.payload, time, 1_000, &silence.config)
    }));
    // DTX is a matter of the speech modes.
    let opus = OpusPolicy { mono_bitrate: 24_000, dtx: true, ..OpusPolicy::default() };
    let mut transcoder = AacToOpus::new(TranscodeSettings { opus, ..TranscodeSettings::default() });
    let output = to_opus(&mut transcoder, &source);
    let slots = (output[output.len() - 1].pts.ticks() - output[0].pts.ticks()) / 960 + 1;
    assert!((output.len() as i64) < slots * 3 / 4, "{} of {slots}", output.len());
    assert!(output.windows(2).all(|pair| (pair[1].pts.ticks() - pair[0].pts.ticks()) % 960 == 0));
}
