//! FLV audio, video and script bodies, legacy and enhanced, and FLV file framing.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use rtmp_gateway_flv::{Packet, parse_audio, parse_file_header, parse_file_tag, parse_script, parse_video};

fuzz_target!(|input: &[u8]| {
    let body = Bytes::copy_from_slice(input);
    for parsed in [parse_video(&body), parse_audio(&body)].into_iter().flatten() {
        match parsed.packet {
            Packet::Config { record, .. } => assert!(record.len() <= input.len()),
            Packet::Frame { payload, .. } => assert!(payload.len() <= input.len()),
            _ => {}
        }
    }
    let _ = parse_script(&body);
    let _ = parse_file_header(input);
    let _ = parse_file_tag(input);
});
