//! AMF3 values, and commands and data in their AMF3 messages: every read stays inside the input.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use rtmp_gateway_rtmp::amf3::Decoder;
use rtmp_gateway_rtmp::limits::MAX_AMF_VALUES;
use rtmp_gateway_rtmp::message::{command::Command, data};

fuzz_target!(|input: &[u8]| {
    let mut decoder = Decoder::new(input);
    let mut before = 0;
    while decoder.value().is_ok() {
        let at = decoder.position();
        assert!(at > before && at <= input.len());
        before = at;
    }
    assert!(decoder.values_read() <= MAX_AMF_VALUES + 1);
    let _ = Command::parse(input, true);
    let _ = data::playable(&Bytes::copy_from_slice(input), true);
});
