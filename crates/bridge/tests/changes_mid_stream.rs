//! Ordinary life of a stream: a new resolution, a track that comes late, mute and unmute, DTX; each in both directions.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step fails the test")]

use bytes::Bytes;
use rtmp_gateway_bridge::{Item, RtmpToUnits, RtpToUnits, UnitsToRtp};
use rtmp_gateway_media::{AacConfig, H264Config, TrackKind, Unit, h264::write_nal_unit};
use rtmp_gateway_rtp::MediaPacket;
use rtmp_gateway_rtp::jitter::JitterConfig;
use rtmp_gateway_testkit::FakeClock;
use std::sync::Arc;
use std::time::Duration;

const SMALL_SPS: &[u8] = &[
    0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f, 0xf9, 0x70, 0x11, 0, 0, 3, 0, 1, 0, 0, 3, 0, 0x32, 0x0f, 0x16,
    0x2e, 0x48,
];
const SMALL_PPS: &[u8] = &[0x68, 0xcb, 0x83, 0xcb, 0x20];
const LARGE_SPS: &[u8] = &[
    0x67, 0x4d, 0x40, 0x1f, 0xec, 0xa0, 0x28, 0x02, 0xdd, 0x80, 0x88, 0, 0, 3, 0, 0x80, 0, 0, 0x03, 0x01, 0xe0, 0x78,
    0xc1, 0x8c, 0xb0,
];
const LARGE_PPS: &[u8] = &[0x68, 0xeb, 0xe3, 0xcb, 0x20];
const IDR: &[u8] = &[0x65, 0x88, 0x84, 0x21, 0xa0];
const INTER: &[u8] = &[0x41, 0x9a, 0x02, 0x21, 0xa0];

/// A browser: numbers and stamps packets.
struct Browser {
    clock: FakeClock,
    adapter: RtpToUnits,
    video: u16,
    audio: u16,
}

impl Browser {
    fn new() -> Self {
        let adapter = RtpToUnits::new(JitterConfig::default());
        Self { clock: FakeClock::new(), adapter, video: 0, audio: 0 }
    }

    fn video(&mut self, ms: u64, nals: &[&'static [u8]]) {
        let now = self.clock.at(Duration::from_millis(ms));
        for (n, nal) in nals.iter().enumerate() {
            let payload = Bytes::from_static(nal);
            let marker = n + 1 == nals.len();
            let timestamp = (ms * 90) as u32;
            self.adapter.handle_video(now, MediaPacket { sequence_number: self.video, timestamp, marker, payload });
            self.video += 1;
        }
    }

    fn audio(&mut self, ms: u64, packet: &'static [u8]) {
        let now = self.clock.at(Duration::from_millis(ms));
        let (payload, timestamp) = (Bytes::from_static(packet), (ms * 48) as u32);
        self.adapter.handle_audio(now, MediaPacket { sequence_number: self.audio, timestamp, marker: false, payload });
        self.audio += 1;
    }

    fn items(&mut self) -> Vec<Item> {
        std::iter::from_fn(|| self.adapter.poll_item()).collect()
    }
}

fn units(items: &[Item], kind: TrackKind) -> Vec<&Unit> {
    let units = items.iter().filter_map(|item| if let Item::Unit(unit) = item { Some(unit) } else { None });
    units.filter(|unit| unit.kind() == kind).collect()
}

fn widths(items: &[Item]) -> Vec<u32> {
    let configs = items.iter().filter_map(|item| if let Item::Config(config) = item { Some(config) } else { None });
    configs.filter_map(|config| config.as_h264()).map(H264Config::width).collect()
}

#[test]
fn a_browser_that_changes_resolution_gives_a_new_configuration() {
    let mut browser = Browser::new();
    for frame in 0..10 {
        browser.video(frame * 40, if frame == 0 { &[SMALL_SPS, SMALL_PPS, IDR] } else { &[INTER] });
    }
    for frame in 10..20 {
        browser.video(frame * 40, if frame == 10 { &[LARGE_SPS, LARGE_PPS, IDR] } else { &[INTER] });
    }
    let items = browser.items();
    assert_eq!(widths(&items), [640, 1280]);
    let video = units(&items, TrackKind::Video);
    assert!(video.len() >= 19);
    assert!(video.windows(2).all(|pair| pair[1].dts.ticks() - pair[0].dts.ticks() == 3_600));
    let (first, last) = (video.first().unwrap(), video.last().unwrap());
    assert!(!Arc::ptr_eq(&first.config, &last.config));
    assert_eq!(last.config.as_h264().unwrap().height(), 720);
}

#[test]
fn a_browser_that_repeats_its_parameter_sets_keeps_its_configuration() {
    let mut browser = Browser::new();
    for frame in 0..30 {
        browser.video(frame * 40, if frame % 10 == 0 { &[SMALL_SPS, SMALL_PPS, IDR] } else { &[INTER] });
    }
    let items = browser.items();
    assert_eq!(widths(&items), [640]);
    assert!(units(&items, TrackKind::Video).windows(2).all(|pair| Arc::ptr_eq(&pair[0].config, &pair[1].config)));
}

#[test]
fn a_browser_that_unmutes_later_finds_its_place() {
    let mut browser = Browser::new();
    for frame in 0..250 {
        browser.video(frame * 40, if frame == 0 { &[SMALL_SPS, SMALL_PPS, IDR] } else { &[INTER] });
        // The microphone is on from 3 s to 5 s, and from 8 s on.
        for ms in [frame * 40, frame * 40 + 20] {
            if (3_000..5_000).contains(&ms) || ms >= 8_000 {
                browser.audio(ms, &[0xf8, 1, 2]);
            }
        }
    }
    let items = browser.items();
    let audio = units(&items, TrackKind::Audio);
    assert_eq!(audio[0].dts.as_millis(), 3_000, "beside the picture it belongs to");
    assert!(audio.windows(2).all(|pair| (pair[1].dts.ticks() - pair[0].dts.ticks()) == 960), "silence in between");
    assert!((9_900..10_000).contains(&audio.last().unwrap().dts.as_millis()));
    assert!((140..160).contains(&browser.adapter.statistics().silence), "{}", browser.adapter.statistics().silence);
}

#[test]
fn dtx_keeps_its_gaps_for_the_decoder() {
    let mut browser = Browser::new();
    browser.video(0, &[SMALL_SPS, SMALL_PPS, IDR]);
    for (frame, refresh) in (1..100).map(|frame| (frame, frame % 10 == 0)) {
        browser.video(frame * 40, &[INTER]);
        if refresh {
            browser.audio(frame * 40, &[0xf8]);
        }
    }
    let items = browser.items();
    assert!(units(&items, TrackKind::Audio).windows(2).all(|pair| pair[1].dts.ticks() - pair[0].dts.ticks() == 19_200));
    assert_eq!(browser.adapter.statistics().silence, 0);
}

fn config_body(sps: &'static [u8], pps: &'static [u8]) -> Bytes {
    let config = H264Config::from_parameter_sets(&[Bytes::from_static(sps)], &[Bytes::from_static(pps)]).unwrap();
    [&[0x17, 0, 0, 0, 0][..], config.record()].concat().into()
}

fn frame_body(nal: &[u8]) -> Bytes {
    let mut body = vec![if nal[0] == 0x65 { 0x17 } else { 0x27 }, 1, 0, 0, 0];
    write_nal_unit(&mut body, nal);
    body.into()
}

#[test]
fn a_publisher_that_rotates_reaches_viewers_with_its_new_parameter_sets() {
    let (mut publisher, mut viewers) = (RtmpToUnits::new(), UnitsToRtp::new(1_160));
    publisher.handle_video(0, config_body(SMALL_SPS, SMALL_PPS)).unwrap();
    publisher.handle_video(0, frame_body(IDR)).unwrap();
    publisher.handle_video(40, frame_body(INTER)).unwrap();
    publisher.handle_video(80, config_body(LARGE_SPS, LARGE_PPS)).unwrap();
    publisher.handle_video(80, frame_body(INTER)).unwrap();
    publisher.handle_video(120, frame_body(IDR)).unwrap();
    let items: Vec<_> = std::iter::from_fn(|| publisher.poll_item()).collect();
    assert_eq!(widths(&items), [640, 1280]);
    let sent: Vec<_> =
        units(&items, TrackKind::Video).into_iter().map(|unit| viewers.push(unit).unwrap().unwrap()).collect();
    assert_eq!(sent.iter().map(|unit| unit.keyframe).collect::<Vec<_>>(), [true, false, true]);
    let contains =
        |unit: usize, sps: &[u8]| sent[unit].payloads[0].payload.windows(sps.len()).any(|window| window == sps);
    // The end of the large one is rewritten to promise no reordering.
    assert!(contains(0, SMALL_SPS) && contains(2, &LARGE_SPS[..10]) && !contains(2, &SMALL_SPS[..10]));
}

#[test]
fn a_publisher_that_adds_sound_late_and_mutes_it_stays_in_sync() {
    let mut publisher = RtmpToUnits::new();
    publisher.handle_video(5_000, config_body(SMALL_SPS, SMALL_PPS)).unwrap();
    publisher.handle_video(5_000, frame_body(IDR)).unwrap();
    let aac: Bytes = [&[0xaf, 0][..], AacConfig::lc(48_000, 2).unwrap().record()].concat().into();
    for frame in 1..1_000u32 {
        let timestamp = 5_000 + frame * 40;
        publisher.handle_video(timestamp, frame_body(INTER)).unwrap();
        if frame == 100 {
            publisher.handle_audio(timestamp, aac.clone()).unwrap();
        }
        if (100..200).contains(&frame) || frame > 900 {
            publisher.handle_audio(timestamp, Bytes::from_static(&[0xaf, 1, 0x21])).unwrap();
        }
    }
    let items: Vec<_> = std::iter::from_fn(|| publisher.poll_item()).collect();
    let audio = units(&items, TrackKind::Audio);
    assert_eq!((audio[0].dts.as_millis(), audio.last().unwrap().dts.as_millis()), (4_000, 999 * 40));
    assert_eq!(publisher.counters().discontinuities, 0);
}
