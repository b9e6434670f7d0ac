//! What a real FFmpeg publishes: RTMP in, then RTMP and RTP out.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use bytes::Bytes;
use rtmp_gateway_bridge::{Item, PlayerClock, RtmpMessage, RtmpToUnits, UnitsToRtp};
use rtmp_gateway_flv::{Packet, TagKind, parse_audio, parse_video};
use rtmp_gateway_media::{CodecConfig, TrackKind, Unit};
use rtmp_gateway_testkit::fixtures::{self, FlvTag};

fn publish(tags: &[FlvTag]) -> (RtmpToUnits, Vec<Item>) {
    let mut adapter = RtmpToUnits::new();
    let mut items = Vec::new();
    for tag in tags {
        let result = match tag.kind {
            8 => adapter.handle_audio(tag.timestamp, tag.body.clone()),
            9 => adapter.handle_video(tag.timestamp, tag.body.clone()),
            _ => adapter.handle_data(tag.timestamp, tag.body.clone()),
        };
        result.unwrap();
        items.extend(std::iter::from_fn(|| adapter.poll_item()));
    }
    (adapter, items)
}

fn units(items: &[Item], kind: TrackKind) -> Vec<&Unit> {
    let units = items.iter().filter_map(|item| if let Item::Unit(unit) = item { Some(unit) } else { None });
    units.filter(|unit| unit.kind() == kind).collect()
}

#[test]
fn every_frame_becomes_a_unit() {
    let (adapter, items) = publish(&fixtures::flv_tags(fixtures::BASELINE_AAC_FLV));
    assert_eq!(items.iter().filter(|item| matches!(item, Item::Metadata(_))).count(), 1);
    let configs: Vec<_> =
        items.iter().filter_map(|item| if let Item::Config(config) = item { Some(config) } else { None }).collect();
    assert_eq!(configs.len(), 2);
    let h264 = configs.iter().find_map(|config| config.as_h264()).unwrap();
    assert_eq!((h264.width(), h264.height(), h264.frame_rate()), (160, 120, Some(25.0)));
    let aac = configs.iter().find_map(|config| config.as_aac()).unwrap();
    assert_eq!((aac.sample_rate(), aac.channels(), aac.object_type()), (48_000, 2, 2));

    let video = units(&items, TrackKind::Video);
    assert_eq!(video.len(), 25);
    assert!(video[0].keyframe && video[1..].iter().all(|unit| !unit.keyframe));
    assert!(video.windows(2).all(|pair| pair[1].dts.ticks() - pair[0].dts.ticks() == 40));
    assert!(units(&items, TrackKind::Audio).windows(2).all(|pair| pair[1].dts.ticks() > pair[0].dts.ticks()));
    assert_eq!(adapter.counters().bad_tags + adapter.counters().damaged + adapter.counters().discontinuities, 0);
}

#[test]
fn rtmp_to_rtmp_gives_the_same_bodies() {
    for file in [fixtures::BASELINE_AAC_FLV, fixtures::BFRAMES_FLV, fixtures::PYRAMID_REF4_FLV] {
        let tags = fixtures::flv_tags(file);
        let (_, items) = publish(&tags);
        let mut clock = PlayerClock::new();
        let mut sent = items.iter().filter_map(|item| {
            let Item::Unit(unit) = item else { return None };
            let message = RtmpMessage::unit(unit);
            let body = Bytes::from([message.prefix_bytes(), &message.payload].concat());
            Some((message.kind, clock.timestamp(unit.kind(), message.timestamp), body))
        });
        let frames = tags.iter().filter(|tag| match tag.kind {
            8 => matches!(parse_audio(&tag.body).unwrap().packet, Packet::Frame { .. }),
            9 => matches!(parse_video(&tag.body).unwrap().packet, Packet::Frame { .. }),
            _ => false,
        });
        for frame in frames {
            let kind = if frame.kind == 8 { TagKind::Audio } else { TagKind::Video };
            let first = sent.next().unwrap();
            assert_eq!((first.0, &first.2), (kind, &frame.body));
            assert!(first.1.abs_diff(frame.timestamp) <= 1);
        }
        assert!(sent.next().is_none());
    }
}

#[test]
fn rtmp_to_rtp_carries_every_slice() {
    let (_, items) = publish(&fixtures::flv_tags(fixtures::BASELINE_AAC_FLV));
    let mut adapter = UnitsToRtp::new(1_160);
    let video = units(&items, TrackKind::Video);
    let sent: Vec<_> = video.iter().map(|unit| adapter.push(unit).unwrap().unwrap()).collect();
    assert!(sent.windows(2).all(|pair| pair[1].timestamp - pair[0].timestamp == 3_600));
    assert_eq!(sent[0].payloads[0].payload[0] & 0x1f, 24, "parameter sets first");
    let bytes: usize = sent.iter().flat_map(|unit| &unit.payloads).map(|payload| payload.payload.len()).sum();
    let coded: usize = video.iter().map(|unit| unit.payload.len()).sum();
    assert!(bytes > coded * 9 / 10);
    // AAC goes through the transcoder first.
    assert!(matches!(&*units(&items, TrackKind::Audio)[0].config, CodecConfig::Aac(_)));
    assert!(adapter.push(units(&items, TrackKind::Audio)[0]).unwrap().is_none());
}
