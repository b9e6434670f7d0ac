//! A build without the cargo feature `fdk` decodes AAC-LC and says what is missing for the rest.
#![cfg(not(feature = "fdk"))]

mod support;

use bytes::Bytes;
use rtmp_gateway_codec::{
    AacDecoder, AacEncoder, AacPolicy, AacToOpus, CodecError, OpusPolicy, OpusToAac, TranscodeSettings,
};
use rtmp_gateway_media::AacConfig;
use support::{encode_opus, fixture, to_opus};

fn says_fdk<T: std::fmt::Debug>(result: Result<T, CodecError>) {
    let error = result.expect_err("this build lacks it");
    assert!(matches!(error, CodecError::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("`fdk`"), "{error}");
}

#[test]
fn the_missing_parts_say_so_and_the_rest_works() {
    says_fdk(AacEncoder::new(AacPolicy::default().encoder_settings(2)));
    let explicit_sbr = AacConfig::parse(Bytes::from_static(&[0x2b, 0x11, 0x88, 0x00])).expect("HE-AAC, 24 to 48 kHz");
    says_fdk(AacDecoder::new(&explicit_sbr));
    let mut back = OpusToAac::new(TranscodeSettings::default());
    let units = encode_opus(OpusPolicy::default().encoder_settings(1), &[0.0; 960], 0);
    says_fdk(back.push(&units[0]));
    let mut forth = AacToOpus::new(TranscodeSettings::default());
    assert!(!to_opus(&mut forth, &fixture("lc_16000_stereo.aac", 0)).is_empty());
}
