//! The media that the benches share: what a 720p call at 2.5 Mbit/s and 30 frames a second looks like (RFC 6184).

use bytes::Bytes;
use rtmp_gateway_rtp::MediaPacket;
use rtmp_gateway_rtp::h264::{InBandParameterSets, Packetizer};

/// A sequence parameter set of 640x360, constrained baseline.
const SPS: &[u8] = &[0x67, 0x42, 0xc0, 0x1f, 0x80, 1];
/// The picture parameter set to it.
const PPS: &[u8] = &[0x68, 0x80, 1];

/// Bytes of a frame that makes ten packets: 2.5 Mbit/s at 30 frames a second.
pub const FRAME_LENGTH: usize = 10_400;

/// One access unit of one slice in AVCC form, `length` bytes long without its length field.
pub fn access_unit(length: usize, keyframe: bool) -> Vec<u8> {
    let mut unit = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    unit.extend([if keyframe { 0x65 } else { 0x41 }, 0x88]);
    unit.extend((2..length).map(|i| (i * 31 % 251) as u8));
    unit
}

/// The packets of a stream of `frames` frames, the first of them a keyframe with its parameter sets.
pub fn video_packets(frames: u32) -> Vec<MediaPacket> {
    let (sps, pps) = ([Bytes::from_static(SPS)], [Bytes::from_static(PPS)]);
    let sets = InBandParameterSets { sps: &sps, pps: &pps };
    let packetizer = Packetizer::default();
    let mut packets = Vec::new();
    for frame in 0..frames {
        let unit = access_unit(FRAME_LENGTH, frame == 0);
        let payloads = packetizer.packetize(&unit, 4, (frame == 0).then_some(sets)).unwrap_or_default();
        for payload in payloads {
            packets.push(MediaPacket {
                sequence_number: packets.len() as u16,
                timestamp: frame.wrapping_mul(3_000),
                marker: payload.marker,
                payload: Bytes::from_owner(payload.payload),
            });
        }
    }
    packets
}
