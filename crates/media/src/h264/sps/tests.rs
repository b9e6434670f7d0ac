//! SPS of real encoders and hostile ones.

use super::*;
use crate::BitWriter;

/// x264 SPS NAL units, from `ffmpeg -f lavfi -i testsrc -c:v libx264`.
const BASELINE_640X360_25: &[u8] = &[
    0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f, 0xf9, 0x70, 0x11, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x03,
    0x00, 0x32, 0x0f, 0x16, 0x2e, 0x48,
];
const HIGH_1920X1080_29_97: &[u8] = &[
    0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00, 0x0f, 0xa4, 0x00, 0x03,
    0xa9, 0x80, 0x3c, 0x60, 0xc6, 0x58,
];

/// The fields of a hand-made baseline SPS up to where a test wants to be nasty.
fn writer(profile: u8) -> BitWriter {
    let mut w = BitWriter::new();
    for byte in [0x67, profile, 0, 30] {
        w.bits(u32::from(byte), 8);
    }
    w.ue(0); // id
    w
}

fn sized(width_minus_1: u32, height_minus_1: u32, crop: Option<[u32; 4]>) -> Vec<u8> {
    let mut w = writer(66);
    w.ue(0); // frame_num bits
    w.ue(2); // POC type
    w.ue(1); // references
    w.flag(false);
    w.ue(width_minus_1);
    w.ue(height_minus_1);
    w.flag(true); // frame_mbs_only
    w.flag(true);
    w.flag(crop.is_some());
    crop.into_iter().flatten().for_each(|edge| w.ue(edge));
    w.flag(false); // VUI
    crate::h264::escape(&w.finish_rbsp())
}

#[test]
fn real_encoders() {
    let sps = SpsInfo::parse(BASELINE_640X360_25).unwrap();
    assert_eq!((sps.width, sps.height, sps.frame_rate()), (640, 360, Some(25.0)));
    assert_eq!((sps.profile_name(), sps.level_idc), ("Constrained Baseline", 30));
    assert_eq!(sps.num_reorder_frames(), Some(0));

    let sps = SpsInfo::parse(HIGH_1920X1080_29_97).unwrap();
    assert_eq!((sps.width, sps.height), (1920, 1080));
    assert!((sps.frame_rate().unwrap() - 29.97).abs() < 0.001);
    assert_eq!((sps.profile_name(), sps.max_num_ref_frames), ("High", 4));
    assert_eq!(sps.num_reorder_frames(), Some(2));
    assert_eq!(sps.picture_order_count, PictureOrderCount::Lsb { lsb_bits: 6 });
}

#[test]
fn decode_order_without_vui_reorders_nothing() {
    let sps = SpsInfo::parse(&sized(39, 29, None)).unwrap();
    assert_eq!((sps.width, sps.height, sps.frame_rate()), (640, 480, None));
    assert_eq!(sps.num_reorder_frames(), Some(0));
}

#[test]
fn hostile_39_huge_poc_cycle_is_refused() {
    let mut w = writer(66);
    w.ue(0);
    w.ue(1); // POC type 1
    w.flag(false);
    w.ue(0);
    w.ue(0);
    w.ue(1_000_000_000);
    let error = SpsInfo::parse(&w.finish_rbsp()).unwrap_err();
    assert!(matches!(error, ConfigError::OutOfRange { field: "num_ref_frames_in_pic_order_cnt_cycle", .. }), "{error}");
}

#[test]
fn hostile_40_truncation_at_every_byte_is_an_error() {
    // Up to the VUI (byte 9 of this one) every cut is an error; inside the VUI the picture size is already known.
    for cut in 0..9 {
        assert!(SpsInfo::parse(&BASELINE_640X360_25[..cut]).is_err(), "cut at {cut}");
    }
    for cut in 11..BASELINE_640X360_25.len() {
        let _ = SpsInfo::parse(&BASELINE_640X360_25[..cut]);
    }
}

#[test]
fn hostile_40_sizes_and_crops_are_bounded() {
    assert!(SpsInfo::parse(&sized(u32::MAX - 1, 29, None)).is_err());
    assert!(SpsInfo::parse(&sized(39, 1 << 31, None)).is_err());
    assert!(SpsInfo::parse(&sized(MAX_MACROBLOCKS_PER_SIDE - 1, 0, None)).is_ok());
    assert!(SpsInfo::parse(&sized(39, 29, Some([160, 160, 0, 0]))).is_err());
    assert!(SpsInfo::parse(&sized(39, 29, Some([u32::MAX - 1, u32::MAX - 1, 0, 0]))).is_err());
    assert_eq!(SpsInfo::parse(&sized(39, 29, Some([1, 1, 0, 60]))).unwrap().width, 636);
}

#[test]
fn other_nal_units_are_refused() {
    assert!(SpsInfo::parse(&[]).is_err());
    assert!(SpsInfo::parse(&[0x68, 1, 2, 3]).is_err());
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_an_error_or_a_bounded_size(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80)) {
        let mut nal = vec![0x67];
        nal.extend(body);
        if let Ok(sps) = SpsInfo::parse(&nal) {
            proptest::prop_assert!(sps.width > 0 && sps.width <= 16 * MAX_MACROBLOCKS_PER_SIDE);
            proptest::prop_assert!(sps.height > 0 && sps.height <= 32 * MAX_MACROBLOCKS_PER_SIDE);
        }
    }
}
