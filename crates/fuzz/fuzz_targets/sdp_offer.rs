//! SDP offers of viewers and publishers (RFC 8866, RFC 9725): an answer or an error, never a panic. Feature `engine`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rtmp_gateway_engine::webrtc::{StreamMedia, VideoFormat, setup_publisher, setup_viewer};
use std::net::SocketAddr;
use std::time::Instant;

fuzz_target!(|data: &[u8]| {
    let Some((&first, text)) = data.split_first() else { return };
    let Ok(offer) = std::str::from_utf8(text) else { return };
    let media = StreamMedia { video: (first & 1 == 0).then(VideoFormat::default), audio: first & 2 == 0 };
    let candidates = [SocketAddr::from(([127, 0, 0, 1], 8189))];
    if first & 4 == 0 {
        if let Ok(setup) = setup_viewer(offer, &media, &candidates, Instant::now()) {
            assert!(setup.answer.starts_with("v=0\r\n"));
        }
    } else if let Ok(setup) = setup_publisher(offer, &candidates, Instant::now()) {
        assert!(setup.answer.starts_with("v=0\r\n"));
    }
});
