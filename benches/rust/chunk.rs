//! The RTMP chunk stream, per byte, beside memcpy of the same bytes.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use bytes::Bytes;
use criterion::{Bencher, Criterion, Throughput, criterion_group, criterion_main};
use rtmp_gateway_rtmp::chunk::{ChunkReader, MediaHeader, MediaKind, ReaderLimits, media_pieces, write_message};
use std::hint::black_box;

/// Message types and bodies of one run.
type Bodies = Vec<(u8, Bytes)>;

/// What is sent: a second of 800 kbit/s video at 15 frames a second with its audio at 47, and keyframes of a big screen.
fn mixes() -> [(&'static str, Bodies); 2] {
    let body = |length: usize| (0..length).map(|i| (i * 31 % 251) as u8).collect::<Bytes>();
    let live = (0..60).map(|i| if i % 4 == 0 { (9, body(3_300)) } else { (8, body(175)) }).collect();
    [("live", live), ("keyframes of 64 KiB", vec![(9, body(65_536)); 16])]
}

fn length(bodies: &Bodies) -> usize {
    bodies.iter().map(|(_, body)| body.len()).sum()
}

/// The same as a peer with this chunk size sends it.
fn stream(bodies: &Bodies, chunk_size: u32) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, (type_id, body)) in bodies.iter().enumerate() {
        let chunk_stream_id = if *type_id == 9 { 6 } else { 4 };
        write_message(chunk_size, chunk_stream_id, index as u32 * 17, *type_id, 1, body, &mut out);
    }
    out
}

fn read(criterion: &mut Criterion) {
    for (name, bodies) in mixes() {
        let mut group = criterion.benchmark_group(format!("rtmp/chunk read, {name}"));
        group.throughput(Throughput::Bytes(length(&bodies) as u64));
        for chunk_size in [128, 4_096, 65_536] {
            let input = stream(&bodies, chunk_size);
            group.bench_function(format!("chunks of {chunk_size}"), |bencher| {
                let mut reader = ChunkReader::new(ReaderLimits::PUBLISHER);
                let accepted = reader.set_chunk_size(chunk_size).is_ok();
                assert!(accepted);
                bencher.iter(|| {
                    let mut rest = black_box(&input[..]);
                    let mut bytes = 0;
                    while let Ok((used, Some(message))) = reader.read(rest) {
                        rest = &rest[used..];
                        bytes += black_box(message).body.len();
                    }
                    bytes
                });
            });
        }
        group.bench_function("floor: an allocation and a copy each", |bencher| {
            bencher.iter(|| {
                let copy = |(_, body): &(u8, Bytes)| black_box(Bytes::copy_from_slice(body)).len();
                black_box(&bodies).iter().map(copy).sum::<usize>()
            });
        });
        group.bench_function("floor: memcpy", |bencher| memcpy(bencher, &bodies));
        group.finish();
    }
}

/// The bytes into a buffer that is there.
fn memcpy(bencher: &mut Bencher<'_>, bodies: &Bodies) {
    let mut out = Vec::with_capacity(length(bodies));
    bencher.iter(|| {
        out.clear();
        black_box(bodies).iter().for_each(|(_, body)| out.extend_from_slice(body));
        out.len()
    });
}

fn write(criterion: &mut Criterion) {
    for (name, bodies) in mixes() {
        let length = length(&bodies);
        let mut group = criterion.benchmark_group(format!("rtmp/chunk write, {name}"));
        group.throughput(Throughput::Bytes(length as u64));
        for chunk_size in [128, 4_096, 65_536] {
            group.bench_function(format!("copied, chunks of {chunk_size}"), |bencher| {
                let mut out = Vec::with_capacity(length * 2);
                bencher.iter(|| {
                    out.clear();
                    for (type_id, body) in black_box(&bodies) {
                        write_message(chunk_size, 6, 1_000, *type_id, 1, body, &mut out);
                    }
                    out.len()
                });
            });
        }
        // What a player costs: header and pointer, the socket gathers them.
        group.bench_function("shared with a player", |bencher| {
            bencher.iter(|| {
                let mut pieces = 0;
                for (type_id, body) in black_box(&bodies) {
                    let kind = if *type_id == 9 { MediaKind::Video } else { MediaKind::Audio };
                    let header = MediaHeader::new(1, kind, 1_000, body.len());
                    pieces += media_pieces(header, body, 65_536).map(black_box).count();
                }
                pieces
            });
        });
        group.bench_function("floor: memcpy", |bencher| memcpy(bencher, &bodies));
        group.finish();
    }
}

criterion_group!(benches, read, write);
criterion_main!(benches);
