//! Units of both tracks to RTP.

use super::*;
use bytes::Bytes;
use rtmp_gateway_media::{AacConfig, OpusConfig, h264};
use std::sync::Arc;

const SPS: &[u8] = &[
    0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f, 0xf9, 0x70, 0x11, 0, 0, 3, 0, 1, 0, 0, 3, 0, 0x32, 0x0f, 0x16,
    0x2e, 0x48,
];
const PPS: &[u8] = &[0x68, 0xcb, 0x83, 0xcb, 0x20];

fn video_config() -> Arc<CodecConfig> {
    let config = H264Config::from_parameter_sets(&[SPS.into()], &[PPS.into()]).unwrap();
    Arc::new(CodecConfig::H264(config))
}

fn video_unit(config: &Arc<CodecConfig>, ms: i64, keyframe: bool, length: usize) -> Unit {
    let mut nal = vec![0x80; length];
    nal[0] = if keyframe { 0x65 } else { 0x41 };
    let mut payload = Vec::new();
    h264::write_nal_unit(&mut payload, &nal);
    let time = MediaTime::from_millis(ms);
    Unit { payload: payload.into(), dts: time, pts: time, keyframe, config: config.clone() }
}

fn opus_unit(ticks: i64) -> Unit {
    let config = Arc::new(CodecConfig::Opus(OpusConfig { channels: 2, pre_skip: 312 }));
    let time = MediaTime::new(ticks, OpusConfig::CLOCK_RATE);
    // CELT, 20 ms, one frame.
    Unit { payload: Bytes::from_static(&[0xf8, 1, 2, 3]), dts: time, pts: time, keyframe: true, config }
}

#[test]
fn keyframes_carry_their_parameter_sets_first() {
    let config = video_config();
    let mut adapter = UnitsToRtp::new(1_160);
    let unit = adapter.push(&video_unit(&config, 0, true, 5_000)).unwrap().unwrap();
    assert!(unit.keyframe);
    assert_eq!(unit.payloads[0].payload[0] & 0x1f, 24, "STAP-A");
    assert!(unit.payloads[0].payload.windows(SPS.len()).any(|window| window == SPS));
    assert!(unit.payloads.iter().all(|payload| payload.payload.len() <= 1_160));
    assert_eq!(unit.payloads.iter().filter(|payload| payload.marker).count(), 1);
    let unit = adapter.push(&video_unit(&config, 40, false, 100)).unwrap().unwrap();
    assert_eq!((unit.payloads.len(), unit.keyframe), (1, false));
}

#[test]
fn both_tracks_share_the_wall_clock() {
    let config = video_config();
    let mut adapter = UnitsToRtp::new(1_160);
    let video: Vec<_> =
        (0..3).map(|n| adapter.push(&video_unit(&config, n * 40, n == 0, 9)).unwrap().unwrap()).collect();
    let audio: Vec<_> = (0..3).map(|n| adapter.push(&opus_unit(n * 960)).unwrap().unwrap()).collect();
    assert_eq!(video[2].timestamp - video[0].timestamp, 7_200);
    assert_eq!(audio[2].timestamp - audio[0].timestamp, 1_920);
    assert_eq!((video[1].wallclock, audio[2].wallclock), (Duration::from_millis(40), Duration::from_millis(40)));
}

#[test]
fn units_before_the_epoch_keep_positive_times() {
    let mut adapter = UnitsToRtp::new(1_160);
    let early = adapter.push(&opus_unit(-480)).unwrap().unwrap();
    let next = adapter.push(&opus_unit(480)).unwrap().unwrap();
    assert_eq!((early.wallclock, next.timestamp - early.timestamp), (Duration::ZERO, 960));
}

#[test]
fn hostile_41_damaged_units_are_errors_and_foreign_codecs_nothing() {
    let mut adapter = UnitsToRtp::new(1_160);
    let mut unit = video_unit(&video_config(), 0, false, 10);
    unit.payload = Bytes::from_static(&[0, 0, 0, 9, 0x41]);
    assert!(adapter.push(&unit).is_err());
    let mut unit = opus_unit(0);
    unit.payload = Bytes::new();
    assert!(adapter.push(&unit).is_err());
    unit.config = Arc::new(CodecConfig::Aac(AacConfig::lc(48_000, 2).unwrap()));
    assert!(adapter.push(&unit).unwrap().is_none());
}
