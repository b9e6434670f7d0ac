//! The server's handshake, and the client's, against any bytes in any pieces (RTMP 1.0 section 5.2).
#![no_main]

use libfuzzer_sys::fuzz_target;
use rtmp_gateway_rtmp::RandomBytes;
use rtmp_gateway_rtmp::handshake::{ClientHandshake, HandshakeForm, ServerHandshake};

/// C0 + C1 + C2: neither side ever says more.
const LONGEST: usize = 1 + 2 * 1536;

fuzz_target!(|data: &[u8]| {
    let Some((&first, input)) = data.split_first() else { return };
    let piece = 1 + usize::from(first) * 13;

    let mut server = ServerHandshake::new(RandomBytes::new([7; 32]));
    let mut out = Vec::new();
    for bytes in input.chunks(piece) {
        match server.input(bytes, &mut out) {
            Ok(taken) => assert!(taken <= bytes.len()),
            Err(_) => break,
        }
        if server.is_done() {
            break;
        }
    }
    assert!(out.len() <= LONGEST);

    let form = match first % 3 {
        0 => HandshakeForm::Plain,
        1 => HandshakeForm::Digest0,
        _ => HandshakeForm::Digest1,
    };
    let mut out = Vec::new();
    let mut client = ClientHandshake::new(RandomBytes::new([9; 32]), form, &mut out);
    for bytes in input.chunks(piece) {
        if client.input(bytes, &mut out).is_err() || client.is_done() {
            break;
        }
    }
    assert!(out.len() <= LONGEST);
});
