//! The RTMP chunk stream, per byte, beside memcpy: a 3.3 KB video message and a 175 byte audio message, as live streams send.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rtmp_gateway_rtmp::chunk::{ChunkReader, MediaHeader, MediaKind, ReaderLimits, media_pieces, write_message};
use std::hint::black_box;

/// Body lengths of a second of 500 kbit/s video at 15 frames a second with its audio at 47.
fn bodies() -> Vec<(u8, Vec<u8>)> {
    let body = |length: usize| (0..length).map(|i| (i * 31 % 251) as u8).collect();
    (0..60).map(|i| if i % 4 == 0 { (9, body(3_300)) } else { (8, body(175)) }).collect()
}

/// The same as a peer with this chunk size sends it, set chunk size message not included.
fn stream(chunk_size: u32) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, (type_id, body)) in bodies().iter().enumerate() {
        let chunk_stream_id = if *type_id == 9 { 6 } else { 4 };
        write_message(chunk_size, chunk_stream_id, index as u32 * 17, *type_id, 1, body, &mut out);
    }
    out
}

fn read(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rtmp/chunk read");
    for chunk_size in [128, 4_096, 65_536] {
        let input = stream(chunk_size);
        group.throughput(Throughput::Bytes(input.len() as u64));
        group.bench_function(format!("chunks of {chunk_size}"), |bencher| {
            let mut reader = ChunkReader::new(ReaderLimits::PUBLISHER);
            let accepted = reader.set_chunk_size(chunk_size).is_ok();
            assert!(accepted);
            bencher.iter(|| {
                let mut rest = black_box(&input[..]);
                let mut messages = 0;
                while let Ok((used, Some(message))) = reader.read(rest) {
                    rest = &rest[used..];
                    messages += black_box(message).body.len();
                }
                messages
            });
        });
    }
    let bodies = bodies();
    group.throughput(Throughput::Bytes(bodies.iter().map(|(_, body)| body.len() as u64).sum()));
    group.bench_function("floor: 60 allocations and copies", |bencher| {
        bencher.iter(|| {
            let copy = |(_, body): &(u8, Vec<u8>)| black_box(Bytes::copy_from_slice(body)).len();
            black_box(&bodies).iter().map(copy).sum::<usize>()
        });
    });
    group.finish();
}

fn write(criterion: &mut Criterion) {
    let bodies: Vec<(u8, Bytes)> = bodies().into_iter().map(|(kind, body)| (kind, Bytes::from(body))).collect();
    let length: usize = bodies.iter().map(|(_, body)| body.len()).sum();
    let mut group = criterion.benchmark_group("rtmp/chunk write");
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
    group.bench_function("floor: memcpy", |bencher| {
        let mut out = Vec::with_capacity(length * 2);
        bencher.iter(|| {
            out.clear();
            black_box(&bodies).iter().for_each(|(_, body)| out.extend_from_slice(body));
            out.len()
        });
    });
    group.finish();
}

criterion_group!(benches, read, write);
criterion_main!(benches);
