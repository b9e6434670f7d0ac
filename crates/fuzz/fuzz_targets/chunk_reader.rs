//! The chunk reader (RTMP 1.0 section 5.3): memory by arrived bytes, and the same messages however the input is cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rtmp_gateway_rtmp::chunk::{ChunkReader, RawMessage, ReaderLimits};
use rtmp_gateway_rtmp::limits::{MAX_PENDING_PUBLISHER, MAX_PENDING_UNTRUSTED};
use rtmp_gateway_rtmp::message::kind;

/// All messages of `input` read in pieces, and whether it ended in an error.
fn read(input: &[u8], piece: usize, limits: ReaderLimits, most: usize) -> (Vec<RawMessage>, bool) {
    let mut reader = ChunkReader::new(limits);
    let (mut messages, mut given) = (Vec::new(), 0);
    for mut rest in input.chunks(piece) {
        given += rest.len();
        loop {
            let Ok((taken, message)) = reader.read(rest) else { return (messages, true) };
            rest = &rest[taken..];
            assert!(reader.pending() <= most && reader.pending() <= 2 * given + 64);
            let Some(message) = message else { break };
            let number = message.body.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
            match (message.type_id, number) {
                (kind::SET_CHUNK_SIZE, Some(size)) if reader.set_chunk_size(size).is_err() => return (messages, true),
                (kind::ABORT, Some(id)) => reader.abort(id),
                _ => {}
            }
            messages.push(message);
        }
        assert!(rest.is_empty());
    }
    (messages, false)
}

fuzz_target!(|data: &[u8]| {
    let Some((&first, input)) = data.split_first() else { return };
    let (limits, most) = match first & 1 {
        0 => (ReaderLimits::UNTRUSTED, MAX_PENDING_UNTRUSTED),
        _ => (ReaderLimits::PUBLISHER, MAX_PENDING_PUBLISHER),
    };
    let whole = read(input, input.len().max(1), limits, most);
    let pieces = read(input, 1 + usize::from(first >> 1), limits, most);
    // A limit on memory may be met at another moment, since buffers grow with the pieces; what was read is the same.
    let common = whole.0.len().min(pieces.0.len());
    assert_eq!(whole.0[..common], pieces.0[..common]);
    if !whole.1 && !pieces.1 {
        assert_eq!(whole.0.len(), pieces.0.len());
    }
});
