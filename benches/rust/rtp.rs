//! RTP: packetizer, depacketizer and jitter buffers, per packet, beside the copy that each of them contains.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rtmp_gateway_benches::{FRAME_LENGTH, access_unit, video_packets};
use rtmp_gateway_rtp::h264::{Depacketizer, Packetizer};
use rtmp_gateway_rtp::jitter::{AudioJitterBuffer, JitterConfig, VideoJitterBuffer};
use rtmp_gateway_rtp::{MediaPacket, RtpPacket};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn packetize(criterion: &mut Criterion) {
    let unit = access_unit(FRAME_LENGTH, false);
    let packetizer = Packetizer::default();
    let packets = packetizer.packetize(&unit, 4, None).unwrap_or_default();
    let mut group = criterion.benchmark_group("rtp/packetize");
    group.throughput(Throughput::Elements(packets.len() as u64));
    group.bench_function("frame of 10 packets", |bencher| {
        bencher.iter(|| packetizer.packetize(black_box(&unit), 4, None));
    });
    let sizes: Vec<usize> = packets.iter().map(|packet| packet.payload.len()).collect();
    group.bench_function("floor: 10 allocations and copies", |bencher| {
        bencher.iter(|| {
            let mut rest = black_box(&unit[..]);
            let copy = |size: &usize| {
                let (piece, behind) = rest.split_at((*size).min(rest.len()));
                rest = behind;
                Arc::<[u8]>::from(piece)
            };
            sizes.iter().map(copy).collect::<Vec<_>>()
        });
    });
    group.finish();
}

fn depacketize(criterion: &mut Criterion) {
    let payloads: Vec<Bytes> = video_packets(2).into_iter().skip(11).map(|packet| packet.payload).collect();
    let length: usize = payloads.iter().map(Bytes::len).sum();
    let mut group = criterion.benchmark_group("rtp/depacketize");
    group.throughput(Throughput::Elements(payloads.len() as u64));
    group.bench_function("frame of 10 packets", |bencher| {
        let mut depacketizer = Depacketizer::new();
        bencher.iter(|| {
            depacketizer.reserve(length);
            for payload in black_box(&payloads) {
                let _ = depacketizer.push(payload);
            }
            depacketizer.finish()
        });
    });
    group.bench_function("floor: 1 allocation and 10 copies", |bencher| {
        bencher.iter(|| {
            let mut out = Vec::with_capacity(length);
            black_box(&payloads).iter().for_each(|payload| out.extend_from_slice(payload));
            Bytes::from(out)
        });
    });
    group.finish();
}

/// The order of arrival: as sent, or every eighth packet two places late.
fn arrivals(packets: &[MediaPacket], reordered: bool) -> Vec<MediaPacket> {
    let mut packets = packets.to_vec();
    if reordered {
        packets.chunks_exact_mut(8).for_each(|chunk| chunk[4..7].rotate_left(1));
    }
    packets
}

fn video_jitter(criterion: &mut Criterion) {
    let packets = video_packets(300);
    let mut group = criterion.benchmark_group("rtp/jitter");
    group.throughput(Throughput::Elements(packets.len() as u64));
    for (name, reordered) in [("video insert + pop", false), ("video insert + pop, reordered", true)] {
        let arrivals = arrivals(&packets, reordered);
        group.bench_function(name, |bencher| {
            let start = Instant::now();
            let setup = || (VideoJitterBuffer::new(JitterConfig::default()), arrivals.clone());
            bencher.iter_batched(
                setup,
                |(mut buffer, arrivals)| {
                    let mut frames = 0;
                    for packet in arrivals {
                        let now = start + Duration::from_micros(u64::from(packet.timestamp) * 1_000 / 90);
                        buffer.handle_packet(now, packet);
                        while let Some(frame) = buffer.poll_frame(now) {
                            frames += black_box(frame).payload.len();
                        }
                    }
                    (frames, buffer)
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

fn audio_jitter(criterion: &mut Criterion) {
    let packet = |number: u16| MediaPacket {
        sequence_number: number,
        timestamp: u32::from(number) * 960,
        marker: false,
        payload: Bytes::from(vec![0xf8; 160]),
    };
    let packets: Vec<MediaPacket> = (0..3_000).map(packet).collect();
    let mut group = criterion.benchmark_group("rtp/jitter");
    group.throughput(Throughput::Elements(packets.len() as u64));
    group.bench_function("audio insert + pop", |bencher| {
        let start = Instant::now();
        let setup = || (AudioJitterBuffer::new(JitterConfig::default()), packets.clone());
        bencher.iter_batched(
            setup,
            |(mut buffer, packets)| {
                for packet in packets {
                    let now = start + Duration::from_millis(u64::from(packet.sequence_number) * 20);
                    buffer.handle_packet(now, packet);
                    while let Some(event) = buffer.poll_audio(now) {
                        black_box(event);
                    }
                }
                buffer
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn header(criterion: &mut Criterion) {
    let mut datagram = vec![0x90, 0xe0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0xbe, 0xde, 0, 1, 0x12, 1, 2, 3];
    datagram.extend([7; 1_100]);
    let datagram = Bytes::from(datagram);
    let mut group = criterion.benchmark_group("rtp/header");
    group.throughput(Throughput::Elements(1));
    group.bench_function("parse", |bencher| bencher.iter(|| RtpPacket::parse(black_box(datagram.clone()))));
    group.finish();
}

criterion_group!(benches, packetize, depacketize, video_jitter, audio_jitter, header);
criterion_main!(benches);
