//! The H.264 depacketizer with its state (RFC 6184): several access units of length-prefixed payloads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rtmp_gateway_media::h264::nal_units;
use rtmp_gateway_rtp::h264::{Depacketizer, MAX_ACCESS_UNIT_LENGTH};

fuzz_target!(|input: &[u8]| {
    let mut depacketizer = Depacketizer::new();
    let mut rest = input;
    while let Some((&[length, flags], after)) = rest.split_first_chunk::<2>() {
        // Two bytes before each payload: its length, and whether the access unit ends behind it.
        let length = (usize::from(length) | usize::from(flags & 7) << 8).min(after.len());
        let (payload, after) = after.split_at(length);
        rest = after;
        let pushed = depacketizer.push(payload);
        if flags & 0x80 == 0 {
            continue;
        }
        let finished = depacketizer.finish();
        assert!(pushed.is_ok() || finished.is_err(), "a damaged access unit left");
        if let Ok(Some(unit)) = finished {
            assert!(unit.payload.len() <= MAX_ACCESS_UNIT_LENGTH);
            assert!(nal_units(&unit.payload, 4).all(|nal| nal.is_ok()), "what leaves is framed");
        }
    }
});
