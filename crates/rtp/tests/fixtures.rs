//! Real encoders' output through packetizer and jitter buffer: every access unit comes out as it went in.

mod common;
use bytes::Bytes;
use common::*;
use rtmp_gateway_media::H264Config;
use rtmp_gateway_media::h264::{nal_units, write_nal_unit};
use rtmp_gateway_rtp::h264::{InBandParameterSets, Packetizer};
use rtmp_gateway_testkit::fixtures::{self, flv_tags};

/// Keyframe flag and AVCC payload of each access unit of an FLV file, and its configuration.
fn access_units(file: &'static [u8]) -> (H264Config, Vec<(bool, Bytes)>) {
    let video: Vec<Bytes> = flv_tags(file).into_iter().filter(|tag| tag.kind == 9).map(|tag| tag.body).collect();
    let config =
        video.iter().find(|body| body[1] == 0).map(|body| H264Config::parse(body.slice(5..)).expect("a configuration"));
    let units = video.iter().filter(|body| body[1] == 1).map(|body| (body[0] >> 4 == 1, body.slice(5..)));
    (config.expect("a configuration"), units.collect())
}

#[test]
fn what_goes_in_comes_out() {
    for file in [fixtures::BASELINE_AAC_FLV, fixtures::BFRAMES_FLV, fixtures::PYRAMID_REF4_FLV] {
        let (config, units) = access_units(file);
        let sets = InBandParameterSets { sps: config.sps(), pps: config.pps() };
        let mut scene = Scene::default();
        for (keyframe, unit) in &units {
            let packets =
                Packetizer::default().packetize(unit, config.nal_length_size(), keyframe.then_some(sets)).unwrap();
            packets.iter().for_each(|packet| scene.send(packet.marker, &packet.payload));
            scene.next_frame();
        }
        scene.wait(ms(100));
        assert_eq!(scene.frames.len(), units.len());
        for (frame, (keyframe, unit)) in scene.frames.iter().zip(&units) {
            let mut kept = Vec::new();
            for nal in nal_units(unit, config.nal_length_size()).map(|nal| nal.unwrap()) {
                if !matches!(nal.unit_type().value(), 7 | 8 | 9 | 12) {
                    write_nal_unit(&mut kept, nal.bytes);
                }
            }
            assert!(frame.payload == kept[..]);
            assert_eq!(frame.keyframe, *keyframe);
            assert_eq!(frame.parameter_sets.sps, config.sps());
        }
    }
}
