//! Slice headers of x264 and of bit strings.

use super::*;
use crate::BitWriter;
use crate::h264::{AnnexBNalUnits, H264Config, nal_units};
use bytes::Bytes;
use rtmp_gateway_testkit::fixtures;

/// The configuration and the slices of every frame, in decode order.
fn slices(file: &'static [u8]) -> (H264Config, Vec<Vec<u8>>) {
    let tags = fixtures::flv_tags(file);
    let video = || tags.iter().filter(|tag| tag.kind == 9);
    let record = video().find(|tag| tag.body[1] == 0).unwrap().body.slice(5..);
    let config = H264Config::parse(record).unwrap();
    let mut slices = Vec::new();
    for tag in video().filter(|tag| tag.body[1] == 1) {
        for nal in nal_units(&tag.body[5..], config.nal_length_size()) {
            let nal = nal.unwrap();
            if nal.unit_type().is_slice() {
                slices.push(nal.bytes.to_vec());
            }
        }
    }
    (config, slices)
}

fn headers(file: &'static [u8]) -> Vec<SliceHeader> {
    let (config, slices) = slices(file);
    let pps = PpsInfo::parse(&config.pps()[0]).unwrap();
    let parse = |bytes: &Vec<u8>| SliceHeader::parse(&NalUnit { offset: 0, bytes }, config.sps_info(), &pps).unwrap();
    slices.iter().map(parse).collect()
}

#[test]
fn x264_frames_in_decode_order() {
    let count = |headers: &[SliceHeader], kind| headers.iter().filter(|header| header.slice_type == kind).count();
    let plain = headers(fixtures::BFRAMES_FLV);
    assert_eq!(count(&plain, SliceType::I), 2);
    assert_eq!(count(&plain, SliceType::B), 32);
    assert!(plain.iter().all(|h| (h.marking == Marking::NotReference) == (h.slice_type == SliceType::B)));

    let pyramid = headers(fixtures::PYRAMID_REF4_FLV);
    assert!(pyramid.iter().any(|h| h.slice_type == SliceType::B && h.marking != Marking::NotReference));
    // frame_num counts reference pictures, whatever their type.
    let (config, _) = slices(fixtures::PYRAMID_REF4_FLV);
    let modulus = 1 << config.sps_info().frame_num_bits;
    for pair in pyramid.windows(2) {
        let expected = match (&pair[0].marking, &pair[1].marking) {
            (_, Marking::Idr { .. }) => 0,
            (Marking::NotReference, _) => pair[0].frame_num,
            _ => (pair[0].frame_num + 1) % modulus,
        };
        assert_eq!(pair[1].frame_num, expected);
    }
}

#[test]
fn the_short_way_gives_the_same_types() {
    let (_, slices) = slices(fixtures::PYRAMID_REF1_FLV);
    for (bytes, header) in slices.iter().zip(headers(fixtures::PYRAMID_REF1_FLV)) {
        assert_eq!(SliceType::of(&NalUnit { offset: 0, bytes }), Ok(header.slice_type));
    }
}

#[test]
fn endless_operations_are_refused() {
    let (config, _) = slices(fixtures::BFRAMES_FLV);
    let pps = PpsInfo::parse(&config.pps()[0]).unwrap();
    let mut w = BitWriter::new();
    w.bits(0x41, 8);
    w.ue(0);
    w.ue(5);
    w.ue(0);
    w.bits(1, config.sps_info().frame_num_bits);
    let PictureOrderCount::Lsb { lsb_bits } = config.sps_info().picture_order_count else { panic!() };
    w.bits(0, lsb_bits);
    w.flag(false);
    w.flag(true);
    for _ in 0..200 {
        w.ue(0);
        w.ue(0);
    }
    let bytes = crate::h264::escape(&w.finish_rbsp());
    let error = SliceHeader::parse(&NalUnit { offset: 0, bytes: &bytes }, config.sps_info(), &pps).unwrap_err();
    assert!(matches!(error, ConfigError::OutOfRange { field: "reference list modifications", .. }), "{error}");
}

proptest::proptest! {
    #[test]
    fn hostile_40_class_any_bytes_are_a_header_or_an_error(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..60)) {
        let (config, _) = slices(fixtures::PYRAMID_REF4_FLV);
        let pps = PpsInfo::parse(&config.pps()[0]).unwrap();
        for header in [0x41, 0x65, 0x01] {
            let bytes = [&[header], &body[..]].concat();
            let nal = NalUnit { offset: 0, bytes: &bytes };
            let _ = SliceType::of(&nal);
            let _ = SliceHeader::parse(&nal, config.sps_info(), &pps);
        }
    }
}

#[test]
fn annex_b_fixture_parses_too() {
    let nals: Vec<_> = AnnexBNalUnits::new(fixtures::BASELINE_H264).map(Bytes::from_static).collect();
    let of = |kind| nals.iter().filter(|nal| NalUnitType::from_header(nal[0]) == kind).cloned().collect::<Vec<_>>();
    let config = H264Config::from_parameter_sets(&of(NalUnitType::Sps), &of(NalUnitType::Pps)).unwrap();
    let pps = PpsInfo::parse(&config.pps()[0]).unwrap();
    for nal in nals.iter().filter(|nal| NalUnitType::from_header(nal[0]).is_slice()) {
        let header = SliceHeader::parse(&NalUnit { offset: 0, bytes: nal }, config.sps_info(), &pps).unwrap();
        assert_ne!(header.slice_type, SliceType::B);
    }
}
