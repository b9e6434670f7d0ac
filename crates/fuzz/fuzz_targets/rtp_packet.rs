//! RTP packets and their header extensions (RFC 3550, RFC 8285): what parses can be written and parses the same.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use rtmp_gateway_rtp::RtpPacket;
use rtmp_gateway_rtp::opus::PacketInfo;

fuzz_target!(|input: &[u8]| {
    if let Ok(info) = PacketInfo::parse(input) {
        // 120 ms, the longest packet (RFC 6716 section 3.1).
        assert!(info.samples <= 5_760 && info.frames > 0);
    }
    let Ok(packet) = RtpPacket::parse(Bytes::copy_from_slice(input)) else { return };
    assert!(packet.payload.len() + usize::from(packet.padding) + 12 <= input.len());
    if let Some(extension) = &packet.header.extension {
        for element in extension.elements().flatten() {
            assert!(element.data.len() <= input.len());
        }
    }
    let mut written = Vec::new();
    packet.write(&mut written).expect("what was parsed can be written");
    assert_eq!(RtpPacket::parse(written.into()).as_ref(), Ok(&packet));
});
