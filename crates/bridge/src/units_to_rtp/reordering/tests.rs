//! The guard against what x264 makes with its usual settings.

use super::*;
use crate::{Item, RtmpToUnits};
use rtmp_gateway_media::{MediaTime, SpsInfo};
use rtmp_gateway_testkit::fixtures;

fn units(file: &'static [u8]) -> Vec<Unit> {
    let mut adapter = RtmpToUnits::new();
    let mut units = Vec::new();
    for tag in fixtures::flv_tags(file).into_iter().filter(|tag| tag.kind == 9) {
        adapter.handle_video(tag.timestamp, tag.body).unwrap();
        while let Some(item) = adapter.poll_item() {
            if let Item::Unit(unit) = item {
                units.push(unit);
            }
        }
    }
    units
}

fn admitted(guard: &mut ReorderingGuard, units: &[Unit]) -> Vec<Unit> {
    units.iter().filter(|unit| guard.admit(unit, unit.config.as_h264().unwrap())).cloned().collect()
}

#[test]
fn without_b_pictures_everything_is_untouched() {
    let mut guard = ReorderingGuard::default();
    let units = units(fixtures::BASELINE_AAC_FLV);
    assert_eq!(admitted(&mut guard, &units).len(), units.len());
    assert_eq!(guard.state(), VideoState::Full);
    assert_eq!(guard.sps(), units[0].config.as_h264().unwrap().sps());
}

#[test]
fn plain_b_pictures_are_left_out_and_the_rest_is_in_order() {
    let mut guard = ReorderingGuard::default();
    let units = units(fixtures::BFRAMES_FLV);
    let sent = admitted(&mut guard, &units);
    assert_eq!((sent.len(), guard.state()), (50 - 32, VideoState::Reduced));
    assert!(sent.windows(2).all(|pair| pair[0].pts.ticks() < pair[1].pts.ticks()));
    assert_eq!(SpsInfo::parse(&guard.sps()[0]).unwrap().num_reorder_frames(), Some(0));
}

#[test]
fn a_pyramid_with_one_reference_frame_is_reduced() {
    let mut guard = ReorderingGuard::default();
    let sent = admitted(&mut guard, &units(fixtures::PYRAMID_REF1_FLV));
    assert_eq!(guard.state(), VideoState::Reduced);
    assert!(sent.len() >= 13, "{}", sent.len());
}

#[test]
fn a_pyramid_with_more_references_leaves_keyframes() {
    let mut guard = ReorderingGuard::default();
    let units = units(fixtures::PYRAMID_REF4_FLV);
    let sent = admitted(&mut guard, &units);
    assert_eq!(guard.state(), VideoState::KeyframesOnly);
    assert_eq!(sent.iter().filter(|unit| unit.keyframe).count(), 2);
    assert!(sent.len() < 6, "nothing after the first picture that cannot be decoded: {}", sent.len());
}

#[test]
fn a_new_configuration_starts_over() {
    let mut guard = ReorderingGuard::default();
    admitted(&mut guard, &units(fixtures::PYRAMID_REF4_FLV));
    let plain = units(fixtures::BASELINE_AAC_FLV);
    assert_eq!(admitted(&mut guard, &plain).len(), plain.len());
    assert_eq!(guard.state(), VideoState::Full);
}

#[test]
fn hostile_40_class_damaged_slice_headers_do_not_stop_the_stream() {
    let mut guard = ReorderingGuard::default();
    let good = units(fixtures::BFRAMES_FLV);
    for unit in &good {
        let cut = Unit { payload: unit.payload.slice(..unit.payload.len().min(6)), ..unit.clone() };
        guard.admit(&cut, cut.config.as_h264().unwrap());
        let empty = Unit { payload: Bytes::from_static(&[0, 0, 0, 1, 0x41]), dts: MediaTime::from_millis(0), ..cut };
        guard.admit(&empty, empty.config.as_h264().unwrap());
    }
    assert!(admitted(&mut guard, &good[..1]).len() == 1);
}
