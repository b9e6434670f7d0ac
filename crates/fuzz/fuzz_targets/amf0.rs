//! AMF0 values, commands and data messages: what decodes can be said again and is then understood the same way.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use rtmp_gateway_rtmp::amf0::{decode_all, encode_all};
use rtmp_gateway_rtmp::message::{aggregate, command::Command, control::Control, data};

fuzz_target!(|input: &[u8]| {
    if let Ok(values) = decode_all(input) {
        let again = decode_all(&encode_all(&values));
        // By text, since NaN is not equal to itself.
        assert_eq!(format!("{again:?}"), format!("{:?}", Ok::<_, rtmp_gateway_rtmp::amf0::AmfError>(values)));
    }
    let body = Bytes::copy_from_slice(input);
    let _ = Command::parse(input, false);
    let _ = data::playable(&body, false);
    let _ = aggregate::split(&body, 0xFFFF_FFF0);
    if let Some((type_id, body)) = input.split_first() {
        let _ = Control::parse(*type_id, body);
    }
});
