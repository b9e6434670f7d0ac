//! Video tags of today's publishers and hostile ones.

use super::*;

fn parse(bytes: &[u8]) -> Result<ParsedBody, FlvError> {
    parse_video(&Bytes::copy_from_slice(bytes))
}

fn frame(bytes: &[u8]) -> (FourCc, bool, i32, Vec<u8>) {
    match parse(bytes).unwrap().packet {
        Packet::Frame { four_cc, keyframe, composition_time, payload } => {
            (four_cc, keyframe, composition_time, payload.to_vec())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn legacy_avc() {
    let record = Bytes::from_static(&[1, 2]);
    let config = parse(&[0x17, 0, 0, 0, 0, 1, 2]).unwrap().packet;
    assert_eq!(config, Packet::Config { four_cc: four_cc::AVC, record });
    assert_eq!(frame(&[0x17, 1, 0, 0, 40, 9]), (four_cc::AVC, true, 40, vec![9]));
    assert_eq!(frame(&[0x27, 1, 0xff, 0xff, 0xff, 9]), (four_cc::AVC, false, -1, vec![9]));
    assert_eq!(parse(&[0x17, 2, 0, 0, 0]).unwrap().packet, Packet::EndOfSequence { four_cc: four_cc::AVC });
    assert_eq!(parse(&[0x57, 0]).unwrap().packet, Packet::Ignored, "seek command");
    assert_eq!(frame(&[0x2c, 1, 0, 0, 0, 9]).0, four_cc::HEVC);
}

#[test]
fn enhanced_codecs() {
    assert_eq!(frame(b"\x91hvc1\x00\x00\x28xy"), (four_cc::HEVC, true, 40, b"xy".to_vec()));
    assert_eq!(frame(b"\xa3hvc1xy"), (four_cc::HEVC, false, 0, b"xy".to_vec()));
    assert_eq!(frame(b"\x91avc1\xff\xff\xd8xy"), (four_cc::AVC, true, -40, b"xy".to_vec()));
    // AV1 and VP9 never carry a composition time.
    assert_eq!(frame(b"\x91av01xyz"), (four_cc::AV1, true, 0, b"xyz".to_vec()));
    assert_eq!(frame(b"\xa1vp09xyz"), (four_cc::VP9, false, 0, b"xyz".to_vec()));
    let record = Bytes::from_static(b"cfg");
    assert_eq!(parse(b"\x90av01cfg").unwrap().packet, Packet::Config { four_cc: four_cc::AV1, record });
    assert_eq!(parse(b"\x94hvc1meta").unwrap().packet, Packet::Ignored, "HDR metadata");
}

#[test]
fn mod_ex_gives_nanoseconds() {
    // Size 3 (2 + 1), 500,000 ns, then TimestampOffsetNano | CodedFramesX.
    let parsed = parse(b"\x97\x02\x07\xa1\x20\x03hvc1xy").unwrap();
    assert_eq!(parsed.timestamp_offset, 500_000);
    assert!(matches!(parsed.packet, Packet::Frame { .. }));
    // The 16-bit size form, with an unknown modifier type 5.
    let mut body = b"\x97\xff\x00\x01ab\x53".to_vec();
    body.extend(b"hvc1xy");
    assert_eq!(frame(&body).3, b"xy");
}

#[test]
fn multitrack_serves_track_0() {
    let parsed = parse(b"\x96\x21hvc1\x01\x00\x00\x04\x00\x00\x00zav01\x00\x00\x00\x02xy").unwrap();
    assert_eq!(parsed.skipped_tracks, 1);
    let Packet::Frame { four_cc, payload, .. } = parsed.packet else { panic!() };
    assert_eq!((four_cc, &payload[..]), (four_cc::AV1, &b"xy"[..]));
}

#[test]
fn hostile_36_short_video_tags() {
    for body in [&[][..], &[0x17], &[0x17, 1, 0, 0], &[0x17, 1], b"\x91", b"\x91hvc", b"\x91hvc1\x00\x00"] {
        let error = parse(body).unwrap_err();
        assert_eq!(error.code(), "FLV_SHORT_TAG", "{body:?}");
    }
    assert!(matches!(parse(&[0x22, 0, 0, 0, 0]), Err(FlvError::UnsupportedCodec { kind: "video", id: 2 })));
    assert!(matches!(parse(&[0x17, 9, 0, 0, 0]), Err(FlvError::BadValue { value: 9, .. })));
}

#[test]
fn hostile_45_bad_four_cc_and_track_counts() {
    assert!(matches!(parse(b"\x91zzzzxy"), Err(FlvError::UnknownFourCc(FourCc([b'z', b'z', b'z', b'z'])))));
    assert!(matches!(parse(b"\x91Opusxy"), Err(FlvError::UnknownFourCc(_))));
    // Layout 3 does not exist; a multitrack inside a multitrack would recurse.
    assert!(matches!(parse(b"\x96\x31hvc1\x00xy"), Err(FlvError::BadValue { .. })));
    assert!(matches!(parse(b"\x96\x16hvc1\x00\x00\x00\x00"), Err(FlvError::BadValue { .. })));
    // A track length past the end.
    assert!(matches!(parse(b"\x96\x11hvc1\x00\x00\xff\xffxy"), Err(FlvError::Short { .. })));
    assert!(matches!(parse(b"\x96\x11hvc1"), Err(FlvError::Short { .. })));
    // 200 empty foreign tracks: counted, one pass, no allocation.
    let mut body = b"\x96\x11hvc1".to_vec();
    (0..200).for_each(|_| body.extend([7, 0, 0, 0]));
    assert_eq!(parse(&body).unwrap().skipped_tracks, 200);
    // Track 0 twice: the second is a skipped one.
    assert_eq!(parse(b"\x96\x13hvc1\x00\x00\x00\x01a\x00\x00\x00\x01b").unwrap().skipped_tracks, 1);
}

#[test]
fn hostile_45_mod_ex_chains() {
    let mut body = vec![0x97];
    (0..1_000).for_each(|_| body.extend([2, 0, 0, 1, 0x07]));
    assert!(matches!(parse(&body), Err(FlvError::BadValue { field: "ModEx count", .. })));
    assert!(matches!(parse(b"\x97\x00\x01\x03hvc1xy"), Err(FlvError::Short { .. })), "offset of one byte");
    assert!(matches!(parse(b"\x97\xff\xff\xff"), Err(FlvError::Short { .. })));
    assert_eq!(parse(b"\x97\x02\xff\xff\xff\x03hvc1xy").unwrap().timestamp_offset, 999_999);
}

proptest::proptest! {
    #[test]
    fn any_bytes_end_in_a_value(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..64)) {
        let _ = parse(&body);
        let _ = crate::parse_audio(&Bytes::from(body));
    }
}
