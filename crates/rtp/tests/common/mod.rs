//! A video source and the jitter buffer behind it, in virtual time.
#![allow(dead_code, reason = "each test file uses its share")]

use bytes::Bytes;
use rtmp_gateway_media::h264::nal_units;
use rtmp_gateway_rtp::MediaPacket;
use rtmp_gateway_rtp::jitter::{JitterConfig, VideoFrame, VideoJitterBuffer};
use rtmp_gateway_testkit::FakeClock;
use std::time::{Duration, Instant};

pub const SPS: &[u8] = &[0x67, 0x42, 0xc0, 0x1f, 0x80, 1];
pub const PPS: &[u8] = &[0x68, 0x80, 1];
/// SPS and PPS in one STAP-A.
pub const SPS_PPS: &[u8] = &[0x78, 0, 6, 0x67, 0x42, 0xc0, 0x1f, 0x80, 1, 0, 3, 0x68, 0x80, 1];
/// A whole IDR picture in one slice.
pub const IDR: &[u8] = &[0x65, 0x88, 1];
/// The second and third slice of an IDR picture: not at macroblock 0.
pub const IDR_SLICE_2: &[u8] = &[0x65, 0x40, 2];
pub const IDR_SLICE_3: &[u8] = &[0x65, 0x60, 3];
/// A whole P picture in one slice, and further slices of one.
pub const P: &[u8] = &[0x41, 0x9a, 1];
pub const P_SLICE_2: &[u8] = &[0x41, 0x40, 2];
pub const P_SLICE_3: &[u8] = &[0x41, 0x60, 3];

/// 30 frames a second, in ticks of 90 kHz and in time.
pub const FRAME_TICKS: u32 = 3_000;
pub const FRAME_TIME: Duration = Duration::from_micros(33_333);

pub fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// One source and its buffer. Packets arrive at once unless said otherwise.
pub struct Scene {
    pub clock: FakeClock,
    pub buffer: VideoJitterBuffer,
    pub sequence: u16,
    pub timestamp: u32,
    pub frames: Vec<VideoFrame>,
}

impl Default for Scene {
    fn default() -> Self {
        Self::new(JitterConfig::default())
    }
}

impl Scene {
    pub fn new(config: JitterConfig) -> Self {
        let buffer = VideoJitterBuffer::new(config);
        Self { clock: FakeClock::new(), buffer, sequence: 0, timestamp: 0, frames: Vec::new() }
    }

    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Polls; new frames are appended to `frames`.
    pub fn poll(&mut self) {
        let now = self.now();
        while let Some(frame) = self.buffer.poll_frame(now) {
            self.frames.push(frame);
        }
    }

    /// A packet with any number arrives.
    pub fn arrive(&mut self, sequence_number: u16, timestamp: u32, marker: bool, payload: &[u8]) {
        let payload = Bytes::copy_from_slice(payload);
        self.buffer.handle_packet(self.now(), MediaPacket { sequence_number, timestamp, marker, payload });
        self.poll();
    }

    /// The next packet of the current frame is sent and arrives.
    pub fn send(&mut self, marker: bool, payload: &[u8]) {
        self.arrive(self.sequence, self.timestamp, marker, payload);
        self.sequence = self.sequence.wrapping_add(1);
    }

    /// The next packet is lost; gives its number.
    pub fn lose(&mut self) -> u16 {
        let lost = self.sequence;
        self.sequence = self.sequence.wrapping_add(1);
        lost
    }

    /// Time goes on, deadlines are kept.
    pub fn wait(&mut self, time: Duration) {
        let end = self.now() + time;
        while let Some(due) = self.buffer.poll_timeout().filter(|due| *due <= end) {
            self.clock.advance_to(due);
            self.poll();
            let now = self.now();
            self.buffer.poll_keyframe_request(now);
            assert!(self.buffer.poll_timeout() != Some(due), "a deadline passed and nothing happened");
        }
        self.clock.advance_to(end);
        self.poll();
    }

    /// The current frame is over: time and timestamp go on.
    pub fn next_frame(&mut self) {
        self.timestamp = self.timestamp.wrapping_add(FRAME_TICKS);
        self.clock.advance(FRAME_TIME);
    }

    /// A frame of these packets, the last of them marked.
    pub fn frame(&mut self, payloads: &[&[u8]]) {
        for (index, payload) in payloads.iter().enumerate() {
            self.send(index + 1 == payloads.len(), payload);
        }
        self.next_frame();
    }

    /// A keyframe and P pictures enough for the marker to have proven itself.
    pub fn start(&mut self) {
        self.frame(&[SPS_PPS, IDR]);
        (0..4).for_each(|_| self.frame(&[P]));
        assert_eq!(self.frames.len(), 5);
    }

    /// Timestamp, keyframe flag and number of NAL units of each frame so far.
    pub fn seen(&self) -> Vec<(i64, bool, usize)> {
        self.frames.iter().map(|f| (f.timestamp, f.keyframe, nal_units(&f.payload, 4).count())).collect()
    }

    /// Just the timestamps in frames.
    pub fn numbers(&self) -> Vec<i64> {
        self.frames.iter().map(|frame| frame.timestamp / i64::from(FRAME_TICKS)).collect()
    }
}
