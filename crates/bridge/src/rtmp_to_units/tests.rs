//! A publisher's messages, good and bad, in the order real publishers send them.

use super::*;

const SPS: &[u8] = &[
    0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f, 0xf9, 0x70, 0x11, 0, 0, 3, 0, 1, 0, 0, 3, 0, 0x32, 0x0f, 0x16,
    0x2e, 0x48,
];
const PPS: &[u8] = &[0x68, 0xcb, 0x83, 0xcb, 0x20];
const OTHER_PPS: &[u8] = &[0x68, 0xcb, 0x83, 0xcb, 0x28];

fn record(pps: &'static [u8]) -> Bytes {
    H264Config::from_parameter_sets(&[Bytes::from_static(SPS)], &[Bytes::from_static(pps)]).unwrap().record().clone()
}

fn video_config(pps: &'static [u8]) -> Bytes {
    [&[0x17, 0, 0, 0, 0][..], &record(pps)].concat().into()
}

fn video(first: u8, composition: u8, nals: &[&[u8]]) -> Bytes {
    let mut body = vec![first, 1, 0, 0, composition];
    nals.iter().for_each(|nal| rtmp_gateway_media::h264::write_nal_unit(&mut body, nal));
    body.into()
}

fn key() -> Bytes {
    video(0x17, 0, &[&[0x06, 5, 0x80], &[0x65, 1, 2, 3]])
}

fn inter() -> Bytes {
    video(0x27, 0, &[&[0x41, 1, 2, 3]])
}

fn audio_config() -> Bytes {
    Bytes::from_static(&[0xaf, 0, 0x11, 0x90])
}

fn audio() -> Bytes {
    Bytes::from_static(&[0xaf, 1, 0x21, 0x10])
}

fn items(adapter: &mut RtmpToUnits) -> Vec<Item> {
    std::iter::from_fn(|| adapter.poll_item()).collect()
}

fn units(adapter: &mut RtmpToUnits) -> Vec<Unit> {
    items(adapter).into_iter().filter_map(|item| if let Item::Unit(unit) = item { Some(unit) } else { None }).collect()
}

fn started() -> RtmpToUnits {
    let mut adapter = RtmpToUnits::new();
    adapter.handle_video(0, video_config(PPS)).unwrap();
    adapter.handle_audio(0, audio_config()).unwrap();
    adapter.handle_video(0, key()).unwrap();
    items(&mut adapter);
    adapter
}

#[test]
fn configurations_then_units_that_share_them() {
    let mut adapter = RtmpToUnits::new();
    adapter.handle_data(0, Bytes::from_static(b"\x02\x00\x0aonMetaData\x05")).unwrap();
    adapter.handle_video(1_000, video_config(PPS)).unwrap();
    adapter.handle_audio(1_000, audio_config()).unwrap();
    let body = video(0x17, 40, &[&[0x65, 1, 2, 3]]);
    adapter.handle_video(1_000, body.clone()).unwrap();
    adapter.handle_audio(1_005, audio()).unwrap();
    adapter.handle_video(1_040, inter()).unwrap();
    let all = items(&mut adapter);
    let [
        Item::Metadata(_),
        Item::Config(video),
        Item::Config(_),
        Item::Unit(first),
        Item::Unit(sound),
        Item::Unit(second),
    ] = &all[..]
    else {
        panic!("{all:?}")
    };
    assert!(Arc::ptr_eq(video, &first.config) && Arc::ptr_eq(video, &second.config));
    assert_eq!((first.dts.ticks(), first.composition_offset(), first.keyframe), (0, 40, true));
    assert_eq!((sound.dts.ticks(), sound.keyframe, second.dts.ticks(), second.keyframe), (5, true, 40, false));
    assert_eq!(first.payload.as_ptr(), body[5..].as_ptr(), "sliced from the body, not copied");
    assert_eq!(adapter.counters(), RtmpCounters { units: 3, ..RtmpCounters::default() });
}

#[test]
fn a_repeated_configuration_changes_nothing() {
    let mut adapter = started();
    adapter.handle_video(40, video_config(PPS)).unwrap();
    adapter.handle_audio(40, audio_config()).unwrap();
    assert!(items(&mut adapter).is_empty());
    adapter.handle_video(40, inter()).unwrap();
    assert_eq!(units(&mut adapter).len(), 1, "and nothing waits for a keyframe");
}

#[test]
fn hostile_36_short_tags_are_errors_and_the_stream_continues() {
    let mut adapter = started();
    for body in [&[][..], &[0x17], &[0x17, 1, 0, 0]] {
        let error = adapter.handle_video(40, Bytes::copy_from_slice(body)).unwrap_err();
        assert_eq!(error.code(), "FLV_SHORT_TAG");
    }
    for body in [&[][..], &[0xaf]] {
        assert!(adapter.handle_audio(40, Bytes::copy_from_slice(body)).is_err());
    }
    // Tags with a header and nothing behind it are empty frames.
    adapter.handle_video(40, Bytes::from_static(&[0x27, 1, 0, 0, 0])).unwrap();
    adapter.handle_audio(40, Bytes::from_static(&[0xaf, 1])).unwrap();
    adapter.handle_video(40, inter()).unwrap();
    adapter.handle_audio(40, audio()).unwrap();
    assert_eq!(units(&mut adapter).len(), 2);
    assert_eq!((adapter.counters().bad_tags, adapter.counters().ignored), (5, 2));
}

#[test]
fn hostile_37_a_bad_sequence_header_silences_its_track_only() {
    let mut adapter = started();
    let error =
        adapter.handle_video(40, Bytes::from_static(&[0x17, 0, 0, 0, 0, 1, 66, 0, 30, 0xfe, 0xe1])).unwrap_err();
    assert_eq!(error.code(), "CODEC_CONFIG_BAD");
    adapter.handle_video(40, key()).unwrap();
    adapter.handle_audio(40, audio()).unwrap();
    assert_eq!(units(&mut adapter).len(), 1);
    assert_eq!(adapter.counters().before_config, 1);
    adapter.handle_video(80, video_config(PPS)).unwrap();
    adapter.handle_video(80, key()).unwrap();
    assert_eq!(units(&mut adapter).len(), 1);
}

#[test]
fn hostile_41_a_damaged_frame_and_what_refers_to_it_stay_behind() {
    let mut adapter = started();
    let damaged = Bytes::from_static(&[0x27, 1, 0, 0, 0, 0, 0, 0, 9, 0x41]);
    assert_eq!(adapter.handle_video(40, damaged).unwrap_err().code(), "FRAME_DAMAGED");
    adapter.handle_video(80, inter()).unwrap();
    adapter.handle_audio(80, audio()).unwrap();
    assert_eq!(units(&mut adapter).len(), 1, "sound goes on");
    adapter.handle_video(120, key()).unwrap();
    adapter.handle_video(160, inter()).unwrap();
    assert_eq!(units(&mut adapter).len(), 2);
    assert_eq!((adapter.counters().damaged, adapter.counters().before_keyframe), (1, 1));
}

#[test]
fn hostile_41_zero_padding_is_cut() {
    for zeros in [1, 3, 4, 9] {
        let mut adapter = started();
        let whole = inter();
        adapter.handle_video(40, [&whole[..], &vec![0; zeros]].concat().into()).unwrap();
        assert_eq!(units(&mut adapter)[0].payload, whole.slice(5..), "{zeros} zeros");
    }
}

#[test]
fn hostile_43_a_new_configuration_waits_for_its_keyframe() {
    let mut adapter = started();
    adapter.handle_video(40, video_config(OTHER_PPS)).unwrap();
    adapter.handle_video(40, inter()).unwrap();
    adapter.handle_video(80, key()).unwrap();
    let all = items(&mut adapter);
    let [Item::Config(config), Item::Unit(unit)] = &all[..] else { panic!("{all:?}") };
    assert!(Arc::ptr_eq(config, &unit.config));
    assert!(unit.keyframe);
}

#[test]
fn hostile_43_a_codec_change_without_its_configuration_is_held() {
    let mut adapter = started();
    adapter.handle_video(40, Bytes::from_static(b"\x91hvc1\0\0\0xyz")).unwrap();
    assert!(items(&mut adapter).is_empty());
    adapter.handle_video(40, Bytes::from_static(b"\x90hvc1record")).unwrap();
    adapter.handle_video(40, Bytes::from_static(b"\x91hvc1\0\0\0xyz")).unwrap();
    assert_eq!(items(&mut adapter).len(), 2);
}

#[test]
fn an_in_band_parameter_set_change_is_a_configuration_change() {
    let mut adapter = started();
    adapter.handle_video(40, video(0x17, 0, &[SPS, PPS, &[0x65, 1]])).unwrap();
    assert_eq!(items(&mut adapter).len(), 1, "the same sets in-band change nothing");
    adapter.handle_video(80, video(0x17, 0, &[SPS, OTHER_PPS, &[0x65, 1]])).unwrap();
    let all = items(&mut adapter);
    let [Item::Config(config), Item::Unit(unit)] = &all[..] else { panic!("{all:?}") };
    assert!(Arc::ptr_eq(config, &unit.config));
    adapter.handle_video(120, video(0x17, 0, &[SPS, PPS])).unwrap();
    assert!(units(&mut adapter).is_empty(), "parameter sets alone are no unit");
}

#[test]
fn hostile_44_nothing_leaves_without_a_configuration_or_keyframe() {
    let mut adapter = RtmpToUnits::new();
    for t in 0..100 {
        adapter.handle_video(t * 40, inter()).unwrap();
        adapter.handle_audio(t * 40, audio()).unwrap();
    }
    assert!(items(&mut adapter).is_empty());
    assert_eq!(adapter.counters().before_config, 200);
    adapter.handle_video(4_000, video_config(PPS)).unwrap();
    // The header's keyframe bit without an IDR inside: a recovery point of an open GOP.
    adapter.handle_video(4_000, video(0x17, 0, &[&[0x41, 1, 2]])).unwrap();
    assert!(units(&mut adapter).is_empty());
    assert_eq!(adapter.counters().before_keyframe, 1);
}

#[test]
fn hostile_33_data_without_a_name_is_ignored() {
    let mut adapter = started();
    adapter.handle_data(40, Bytes::from_static(b"\x03\x00\x00\x09")).unwrap();
    adapter.handle_data(40, Bytes::new()).unwrap();
    adapter.handle_data(40, Bytes::from_static(b"\x02\x00\x03foo\x05")).unwrap();
    assert!(items(&mut adapter).is_empty());
    assert_eq!(adapter.counters().ignored, 3);
}

#[test]
fn hostile_45_extra_tracks_are_counted() {
    let mut adapter = RtmpToUnits::new();
    adapter
        .handle_audio(0, Bytes::from_static(b"\x95\x10mp4a\x00\x00\x00\x02\x11\x90\x01\x00\x00\x02\x11\x90"))
        .unwrap();
    adapter.handle_audio(0, Bytes::from_static(b"\x95\x11mp4a\x00\x00\x00\x01a\x01\x00\x00\x01b")).unwrap();
    assert_eq!(items(&mut adapter).len(), 2);
    assert_eq!(adapter.counters().skipped_tracks, 2);
}

#[test]
fn opus_units_are_on_the_48_khz_clock_and_others_pass_through() {
    let mut adapter = RtmpToUnits::new();
    let mut head = b"\x90Opus".to_vec();
    head.extend(OpusConfig { channels: 2, pre_skip: 312 }.head());
    adapter.handle_audio(0, head.into()).unwrap();
    adapter.handle_audio(20, Bytes::from_static(b"\x91Opusx")).unwrap();
    adapter.handle_audio(40, Bytes::from_static(b"\x91Opusx")).unwrap();
    let last = units(&mut adapter).pop().unwrap();
    assert_eq!((last.dts.clock_rate(), last.dts.ticks()), (48_000, 960));
    // AC-3 describes itself.
    adapter.handle_audio(60, Bytes::from_static(b"\x91ac-3x")).unwrap();
    assert_eq!(items(&mut adapter).len(), 2);
}

#[test]
fn an_ended_sequence_is_passed_on() {
    let mut adapter = started();
    adapter.handle_video(40, Bytes::from_static(&[0x17, 2, 0, 0, 0])).unwrap();
    assert!(matches!(items(&mut adapter)[..], [Item::EndOfSequence(TrackKind::Video)]));
}
