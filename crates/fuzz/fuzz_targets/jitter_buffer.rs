//! Both jitter buffers under any order of packets and time: a simple model of what must hold for everything that leaves.
#![no_main]

use arbitrary::Arbitrary;
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use rtmp_gateway_media::h264::nal_units;
use rtmp_gateway_rtp::jitter::{AudioEvent, AudioJitterBuffer, JitterConfig, MAX_LATENCY, VideoJitterBuffer};
use rtmp_gateway_rtp::{MediaPacket, jitter};
use std::collections::HashSet;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The first byte of an Opus packet of one frame (RFC 6716 section 3.1).
const OPUS_20_MS: [u8; 1] = [0xF8];

#[derive(Debug, Arbitrary)]
enum Step {
    Packet { step: i8, timestamp_step: i16, marker: bool, payload: Vec<u8> },
    Jump { sequence_number: u16, timestamp: u32 },
    Wait { milliseconds: u8 },
    WantKeyframe,
}

#[derive(Debug, Arbitrary)]
struct Run {
    latency: u8,
    retransmission: bool,
    sequence_number: u16,
    timestamp: u32,
    steps: Vec<Step>,
}

/// One start for all runs: a finding then replays.
fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(Instant::now)
}

/// A buffer that was polled until silent must not ask to be polled at once again, nor too late.
fn settle(timeout: Option<Instant>, now: Instant) {
    if let Some(at) = timeout {
        assert!(at > now, "a deadline in the past would spin");
        assert!(at <= now + MAX_LATENCY + jitter::KEYFRAME_REQUEST_INTERVAL, "a deadline beyond every bound");
    }
}

fuzz_target!(|run: Run| {
    let config =
        JitterConfig { max_latency: Duration::from_millis(u64::from(run.latency)), retransmission: run.retransmission };
    let (mut video, mut audio) = (VideoJitterBuffer::new(config), AudioJitterBuffer::new(config));
    let mut now = start();
    let (mut sequence_number, mut timestamp) = (run.sequence_number, run.timestamp);
    let mut packets = 0u64;
    let (mut left, mut last_request) = (HashSet::new(), None::<Instant>);
    for step in run.steps {
        match step {
            Step::Packet { step, timestamp_step, marker, payload } => {
                sequence_number = sequence_number.wrapping_add_signed(i16::from(step));
                timestamp = timestamp.wrapping_add_signed(i32::from(timestamp_step));
                let packet = MediaPacket { sequence_number, timestamp, marker, payload: Bytes::from(payload) };
                // To the audio buffer an Opus packet that carries its own number.
                let numbered = Bytes::from([&OPUS_20_MS[..], &packets.to_be_bytes()].concat());
                audio.handle_packet(now, MediaPacket { payload: numbered, ..packet.clone() });
                video.handle_packet(now, packet);
                packets += 1;
            }
            Step::Jump { sequence_number: to, timestamp: at } => (sequence_number, timestamp) = (to, at),
            Step::Wait { milliseconds } => now += Duration::from_millis(u64::from(milliseconds)),
            Step::WantKeyframe => video.request_keyframe(now),
        }
        while let Some(frame) = video.poll_frame(now) {
            assert!(nal_units(&frame.payload, 4).all(|nal| nal.is_ok()), "what leaves is framed");
            assert!(frame.first_arrival <= frame.last_arrival && frame.last_arrival <= now);
        }
        if video.poll_keyframe_request(now) {
            let quiet = last_request.replace(now).map(|before| now - before);
            assert!(quiet.is_none_or(|quiet| quiet >= jitter::KEYFRAME_REQUEST_INTERVAL));
        }
        settle(video.poll_timeout(), now);
        let mut lost = false;
        while let Some(event) = audio.poll_audio(now) {
            match event {
                AudioEvent::Packet(packet) => {
                    assert!(left.insert(packet.payload), "a packet left twice");
                    lost = false;
                }
                AudioEvent::Lost(_) => {
                    assert!(!lost, "a loss is followed by the packet behind it");
                    lost = true;
                }
            }
        }
        assert!(!lost, "a loss is followed by the packet behind it");
        settle(audio.poll_timeout(), now);
    }
    assert!(video.statistics().frames <= packets);
});
