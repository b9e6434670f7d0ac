use super::super::header::EXTENDED;
use super::*;

fn reader() -> ChunkReader {
    ChunkReader::new(ReaderLimits::PUBLISHER)
}

fn read_all(reader: &mut ChunkReader, mut input: &[u8]) -> Result<Vec<RawMessage>, ChunkError> {
    let mut messages = Vec::new();
    loop {
        let (taken, message) = reader.read(input)?;
        input = &input[taken..];
        match message {
            Some(message) => messages.push(message),
            None => return Ok(messages),
        }
    }
}

fn head0(id: u8, time: u32, length: u32, kind: u8) -> Vec<u8> {
    [&[id][..], &time.to_be_bytes()[1..], &length.to_be_bytes()[1..], &[kind, 1, 0, 0, 0]].concat()
}

#[test]
fn all_formats_move_the_timestamp() {
    let mut bytes = head0(4, 1000, 1, 8);
    bytes.push(b'a');
    bytes.extend([0x44, 0, 0, 20, 0, 0, 1, 8, b'b']);
    bytes.extend([0x84, 0, 0, 30, b'c']);
    bytes.extend([0xC4, b'd']);
    let messages = read_all(&mut reader(), &bytes).unwrap();
    assert_eq!(messages.iter().map(|m| m.timestamp).collect::<Vec<_>>(), [1000, 1020, 1050, 1080]);
    assert!(messages.iter().all(|m| m.message_stream_id == 1 && m.type_id == 8));
}

#[test]
fn format_3_after_format_0_takes_the_timestamp_as_delta() {
    let mut bytes = head0(4, 23, 1, 8);
    bytes.extend([b'a', 0xC4, b'b']);
    assert_eq!(read_all(&mut reader(), &bytes).unwrap()[1].timestamp, 46);
}

#[test]
fn interleaved_messages_come_out_whole() {
    let mut reader = reader();
    reader.set_chunk_size(2).unwrap();
    let mut bytes = head0(4, 0, 4, 8);
    bytes.extend(b"ab");
    bytes.extend(head0(6, 0, 3, 9));
    bytes.extend(b"xy");
    bytes.extend([0xC4, b'c', b'd', 0xC6, b'z']);
    let messages = read_all(&mut reader, &bytes).unwrap();
    assert_eq!(messages.iter().map(|m| &m.body[..]).collect::<Vec<_>>(), [&b"abcd"[..], b"xyz"]);
    assert_eq!(reader.pending(), 0);
}

#[test]
fn an_abort_forgets_the_unfinished_message() {
    let mut reader = reader();
    let mut bytes = head0(4, 0, 300, 8);
    bytes.extend([0; 128]);
    assert_eq!(read_all(&mut reader, &bytes).unwrap(), []);
    assert!(reader.pending() >= 128);
    reader.abort(4);
    reader.abort(99);
    assert_eq!(reader.pending(), 0);
    let mut bytes = head0(4, 0, 1, 8);
    bytes.push(1);
    assert_eq!(read_all(&mut reader, &bytes).unwrap().len(), 1);
}

/// A message of 3 chunks of 4 bytes with an extended timestamp, in either convention, cut at every size.
#[test]
fn extended_timestamps_are_read_in_both_conventions() {
    for repeated in [true, false] {
        let time = 0x0102_0304u32;
        let mut bytes = head0(4, EXTENDED, 12, 8);
        bytes.extend(time.to_be_bytes());
        // The body starts its second chunk with three bytes of the timestamp, to mislead.
        let body = [9, 9, 9, 9, 1, 2, 3, 9, 9, 9, 9, 9];
        for (index, piece) in body.chunks(4).enumerate() {
            if index > 0 {
                bytes.push(0xC4);
                if repeated {
                    bytes.extend(time.to_be_bytes());
                }
            }
            bytes.extend(piece);
        }
        for size in 1..=bytes.len() {
            let mut reader = reader();
            reader.set_chunk_size(4).unwrap();
            let mut messages = Vec::new();
            for piece in bytes.chunks(size) {
                messages.extend(read_all(&mut reader, piece).unwrap());
            }
            assert_eq!(messages.len(), 1, "repeated {repeated}, pieces of {size}");
            assert_eq!((messages[0].timestamp, &messages[0].body[..]), (time, &body[..]));
        }
    }
}

#[test]
fn a_broken_repetition_is_reported() {
    let mut reader = reader();
    let mut bytes = head0(4, EXTENDED, 300, 8);
    bytes.extend([1, 0, 0, 0]);
    bytes.extend([0; 128]);
    bytes.extend([0xC4, 1, 0, 0, 0]);
    bytes.extend([0; 128]);
    bytes.extend([0xC4, 7, 7, 7, 7]);
    let error = read_all(&mut reader, &bytes).unwrap_err();
    assert_eq!(error, ChunkError::Desynchronized { chunk_stream_id: 4, expected: 0x0100_0000, found: 0x0707_0707 });
}

#[test]
fn buffers_grow_with_the_bytes_that_came() {
    let mut reader = reader();
    let mut bytes = head0(4, 0, 0x0090_0000, 9);
    bytes.extend([0; 128]);
    read_all(&mut reader, &bytes).unwrap();
    assert!(reader.pending() <= 2 * 128, "{}", reader.pending());
    for _ in 0..100 {
        read_all(&mut reader, &[&[0xC4][..], &[0; 128]].concat()).unwrap();
    }
    assert!(reader.pending() <= 2 * 101 * 128, "{}", reader.pending());
}

#[test]
fn a_buffer_starts_at_the_size_its_sender_has_shown() {
    let mut reader = reader();
    let whole = |time| {
        [
            head0(4, time, 1000, 9),
            (0..8).flat_map(|i| [&[0xC4][i32::from(i == 0) as usize..], &[7; 125]].concat()).collect(),
        ]
        .concat()
    };
    reader.set_chunk_size(125).unwrap();
    assert_eq!(read_all(&mut reader, &whole(0)).unwrap().len(), 1);
    read_all(&mut reader, &whole(40)[..200]).unwrap();
    assert_eq!(reader.pending(), 1000);
}
