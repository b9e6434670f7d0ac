//! Surround sound, which some encoders send by accident, comes out as stereo with everything in it.
#![cfg(feature = "fdk")]

mod support;

use rtmp_gateway_codec::{AacDecoder, AacToOpus, TranscodeSettings};
use support::{decode_opus, fixture, level_at, to_opus};

#[test]
fn five_point_one_is_mixed_down_to_stereo() {
    let units = fixture("lc_48000_surround.aac", 0);
    let config = support::aac(&units[0]);
    assert_eq!(config.channels(), 6);
    assert_eq!(AacDecoder::new(config).expect("opens").engine_name(), "fdk");
    let mut transcoder = AacToOpus::new(TranscodeSettings::default());
    let sound = decode_opus(&to_opus(&mut transcoder, &units));
    assert_eq!(transcoder.stats().decode_errors, 0);
    assert_eq!(sound.channels, 2);
    let (left, right) = (sound.channel(0), sound.channel(1));
    let middle = 6_000..18_000;
    let (left, right) = (&left[middle.clone()], &right[middle]);
    assert!(level_at(left, 440.0) > 0.05 && level_at(right, 440.0) < 0.02, "left stays left");
    assert!(level_at(right, 660.0) > 0.05 && level_at(left, 660.0) < 0.02, "right stays right");
    assert!(level_at(left, 880.0) > 0.03 && level_at(right, 880.0) > 0.03, "the centre is on both");
}
