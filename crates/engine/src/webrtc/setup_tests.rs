use super::*;
use crate::webrtc::sdp::{MAX_SDP, MAX_SECTIONS};

const FINGERPRINT: &str = "a=fingerprint:sha-256 45:AD:5C:82:F8:BE:B5:2A:D1:74:A6:16:D0:50:CD:86:9C:97:9D:BD:06:8C:C9:\
                           85:C9:CD:AB:2B:A8:56:03:CD\r\n";

fn session(bundle: &str) -> String {
    format!(
        "v=0\r\no=- 4215775240449105457 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {bundle}\r\n\
         a=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n"
    )
}

fn transport(mid: &str, direction: &str) -> String {
    format!(
        "c=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:Yxk7\r\na=ice-pwd:a5uXJqz0g5h2GzlCmz8tKxwD\r\n\
         a=ice-options:trickle\r\n{FINGERPRINT}a=setup:actpass\r\na=mid:{mid}\r\na={direction}\r\na=rtcp-mux\r\n\
         a=rtcp-rsize\r\n"
    )
}

/// As Chromium 156 offers, shortened.
fn video(mid: &str, direction: &str) -> String {
    format!(
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104 107 108 109 114 39 40\r\n{}\
         a=extmap:1 urn:ietf:params:rtp-hdrext:toffset\r\n\
         a=extmap:3 urn:3gpp:video-orientation\r\n\
         a=extmap:4 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
         a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\r\n\
         a=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
         a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n\
         a=rtpmap:103 H264/90000\r\na=rtcp-fb:103 goog-remb\r\na=rtcp-fb:103 transport-cc\r\n\
         a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f\r\n\
         a=rtpmap:104 rtx/90000\r\na=fmtp:104 apt=103\r\n\
         a=rtpmap:107 H264/90000\r\na=fmtp:107 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f\r\n\
         a=rtpmap:108 rtx/90000\r\na=fmtp:108 apt=107\r\n\
         a=rtpmap:109 H264/90000\r\na=fmtp:109 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n\
         a=rtpmap:114 rtx/90000\r\na=fmtp:114 apt=109\r\n\
         a=rtpmap:39 H264/90000\r\na=fmtp:39 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4d001f\r\n\
         a=rtpmap:40 rtx/90000\r\na=fmtp:40 apt=39\r\n",
        transport(mid, direction)
    )
}

fn vp8_only(mid: &str, direction: &str) -> String {
    format!("m=video 9 UDP/TLS/RTP/SAVPF 96\r\n{}a=rtpmap:96 VP8/90000\r\n", transport(mid, direction))
}

fn audio(mid: &str, direction: &str) -> String {
    format!(
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\n{}\
         a=extmap:14 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n\
         a=extmap:4 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
         a=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
         a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n\
         a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\n\
         a=rtpmap:8 PCMA/8000\r\na=rtpmap:13 CN/8000\r\na=rtpmap:110 telephone-event/48000\r\n\
         a=rtpmap:126 telephone-event/8000\r\n",
        transport(mid, direction)
    )
}

const BOTH: StreamMedia = StreamMedia { video: Some(VideoFormat { profile_level_id: None }), audio: true };

fn candidates() -> Vec<SocketAddr> {
    vec!["127.0.0.1:8189".parse().expect("address")]
}

fn viewer(offer: &str) -> Result<ViewerSetup, SetupError> {
    setup_viewer(offer, &BOTH, &candidates(), Instant::now())
}

pub(in crate::webrtc) fn full_offer() -> String {
    format!("{}{}{}", session("0 1"), video("0", "recvonly"), audio("1", "recvonly"))
}

#[test]
fn a_browser_gets_h264_and_opus_on_its_own_payload_types() {
    let setup = viewer(&full_offer()).expect("answer");
    assert!(setup.video && setup.audio);
    let answer = &setup.answer;
    assert!(answer.contains("m=video 9 UDP/TLS/RTP/SAVPF 109 114\r\n"), "{answer}");
    assert!(answer.contains("profile-level-id=42e01f"), "{answer}");
    assert!(answer.contains("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"), "{answer}");
    assert!(answer.contains("a=ice-lite\r\n"), "{answer}");
    assert!(answer.contains("a=group:BUNDLE 0 1\r\n"), "{answer}");
    assert!(answer.contains(" 127.0.0.1 8189 typ host"), "{answer}");
    assert!(answer.contains(&format!("a=ice-ufrag:{}\r\n", setup.etag)), "{answer}");
    assert!(answer.contains("a=setup:passive\r\n"), "{answer}");
    assert!(!answer.contains("remb") && !answer.contains("VP8") && !answer.contains("red/"), "{answer}");
    assert_eq!(answer.matches("a=sendonly\r\n").count(), 2, "{answer}");
    assert_eq!(answer.matches("a=msid:gateway ").count(), 2, "{answer}");
}

#[test]
fn the_offered_profile_nearest_to_the_stream_is_taken() {
    for (stream, payload) in
        [([0x42, 0xc0, 0x1f], 109), ([0x42, 0, 0x1f], 103), ([0x4d, 0x40, 0x28], 39), ([0x64, 0, 0x28], 109)]
    {
        let media = StreamMedia { video: Some(VideoFormat { profile_level_id: Some(stream) }), audio: true };
        let setup = setup_viewer(&full_offer(), &media, &candidates(), Instant::now()).expect("answer");
        assert!(
            setup.answer.contains(&format!("m=video 9 UDP/TLS/RTP/SAVPF {payload} ")),
            "{stream:?}: {}",
            setup.answer
        );
    }
}

#[test]
fn a_viewer_may_ask_for_one_medium() {
    let setup = viewer(&format!("{}{}", session("0"), video("0", "recvonly"))).expect("answer");
    assert!(setup.video && !setup.audio);
    let setup = viewer(&format!("{}{}", session("a"), audio("a", "recvonly"))).expect("answer");
    assert!(!setup.video && setup.audio);
    let setup =
        viewer(&format!("{}{}{}", session("0 1"), audio("0", "sendrecv"), video("1", "inactive"))).expect("answer");
    assert!(!setup.video && setup.audio);
}

#[test]
fn video_without_h264_is_rejected_and_audio_plays() {
    let offer = format!("{}{}{}", session("0 1"), vp8_only("0", "recvonly"), audio("1", "recvonly"));
    let setup = viewer(&offer).expect("answer");
    assert!(!setup.video && setup.audio);
    let video_at = setup.answer.find("m=video 0 UDP/TLS/RTP/SAVPF 96\r\n").expect("rejected section");
    let audio_at = setup.answer.find("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n").expect("accepted section");
    assert!(video_at < audio_at, "{}", setup.answer);
    assert!(setup.answer.contains("a=group:BUNDLE 1\r\n"), "{}", setup.answer);
}

#[test]
fn nothing_in_common_is_one_clear_error() {
    let offer = format!("{}{}", session("0"), vp8_only("0", "recvonly"));
    assert_eq!(viewer(&offer).expect_err("no codec").code(), "GW_NO_COMMON_CODEC");
    let sending = format!("{}{}", session("0"), video("0", "sendonly"));
    assert_eq!(viewer(&sending).expect_err("no receiver").code(), "GW_NO_COMMON_CODEC");
    let media = StreamMedia { video: None, audio: false };
    let error = setup_viewer(&full_offer(), &media, &candidates(), Instant::now()).expect_err("nothing to send");
    assert_eq!(error.code(), "GW_NO_COMMON_CODEC");
}

#[test]
fn a_publisher_is_answered_with_its_h264_and_opus() {
    let ssrcs = "a=ssrc-group:FID 1111 2222\r\na=ssrc:1111 cname:x\r\na=ssrc:2222 cname:x\r\n";
    let offer = format!("{}{}{ssrcs}{}", session("0 1"), video("0", "sendonly"), audio("1", "sendrecv"));
    let setup = setup_publisher(&offer, &candidates(), Instant::now()).expect("answer");
    assert!(setup.video && setup.audio);
    assert_eq!(setup.answer.matches("a=recvonly\r\n").count(), 2, "{}", setup.answer);
    assert!(!setup.answer.contains("video-orientation"), "{}", setup.answer);
    let offer = format!("{}{}{}", session("0 1"), vp8_only("0", "sendonly"), audio("1", "sendonly"));
    let error = setup_publisher(&offer, &candidates(), Instant::now()).expect_err("VP8");
    assert_eq!(error.code(), "GW_UNSUPPORTED_VIDEO_CODEC");
}

#[test]
fn hostile_58_plain_rtp_or_no_fingerprint_is_refused() {
    let plain = full_offer().replace("UDP/TLS/RTP/SAVPF", "RTP/AVP");
    assert_eq!(viewer(&plain).expect_err("plain").code(), "GW_SDP_INSECURE");
    let sdes = full_offer().replace("UDP/TLS/RTP/SAVPF", "RTP/SAVP");
    assert_eq!(viewer(&sdes).expect_err("SDES").code(), "GW_SDP_INSECURE");
    let bare = full_offer().replace(FINGERPRINT, "");
    assert_eq!(viewer(&bare).expect_err("no fingerprint").code(), "GW_SDP_INSECURE");
    let weak = full_offer().replace("sha-256", "sha-1");
    assert_eq!(viewer(&weak).expect_err("SHA-1").code(), "GW_SDP_INSECURE");
}

#[test]
fn hostile_59_illegal_payload_types_are_refused() {
    for number in ["200", "64", "72", "95", "128", "-1", "x", "4294967296"] {
        let offer = full_offer().replace(" 111 63 ", &format!(" 111 {number} "));
        assert_eq!(viewer(&offer).expect_err(number).code(), "GW_SDP_INVALID", "{number}");
        let offer = full_offer().replace("a=rtpmap:111 ", &format!("a=rtpmap:{number} "));
        assert_eq!(viewer(&offer).expect_err(number).code(), "GW_SDP_INVALID", "{number}");
    }
}

#[test]
fn hostile_60_oversized_and_malformed_descriptions_are_refused() {
    let large = format!("{}{}", full_offer(), "a=x:y\r\n".repeat(MAX_SDP / 7));
    assert!(matches!(viewer(&large), Err(SetupError::TooLarge { .. })));
    let many = format!("{}{}", session("0"), "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n".repeat(MAX_SECTIONS + 1));
    assert_eq!(viewer(&many).expect_err("sections").code(), "GW_SDP_INVALID");
    let broken = [
        full_offer().replace("m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=audio 17000 RTP/AVP 4294967296"),
        full_offer().replace("m=audio 9 ", "m=audio x "),
        full_offer().replace("m=audio 9 ", "m=audio 65536 "),
        full_offer().replace("useinbandfec=1", "useinbandfec=1\0"),
        full_offer().replace("v=0", "v=1"),
        full_offer().replace("a=ice-ufrag:Yxk7", "a=ice-ufrag:Y k7"),
        full_offer().replace("a=ice-pwd:a5uXJqz0g5h2GzlCmz8tKxwD", "a=ice-pwd:short"),
        full_offer().replace("a=mid:1", "a=mid:0"),
        full_offer().replace("a=mid:1", "a=mid:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        full_offer().replace("a=group:BUNDLE 0 1\r\n", ""),
        full_offer().replace("a=rtcp-mux\r\n", ""),
        full_offer().replace("t=0 0", "garbage"),
        full_offer().replace("45:AD", "45:GG"),
        format!("{}a=ice-lite\r\n", full_offer()),
        session(""),
        String::new(),
    ];
    for (index, offer) in broken.iter().enumerate() {
        assert_eq!(viewer(offer).expect_err("broken").code(), "GW_SDP_INVALID", "{index}");
    }
}

#[test]
fn hostile_60_every_truncation_and_every_changed_byte_is_survived() {
    let offer = full_offer();
    for cut in 0..offer.len() {
        let _ = Offer::parse(&offer[..cut]);
    }
    for at in (0..offer.len()).step_by(3) {
        let mut bytes = offer.clone().into_bytes();
        bytes[at] = bytes[at].wrapping_add(1) & 0x7f;
        if let Ok(text) = String::from_utf8(bytes)
            && at % 30 == 0
        {
            let _ = viewer(&text);
        }
    }
}

#[test]
fn hostile_51_ten_thousand_candidates_cost_nothing() {
    let line = "a=candidate:1 1 udp 2122260223 192.0.2.1 9 typ host\r\n";
    let offer = format!("{}{}", full_offer(), line.repeat(1_000));
    assert!(viewer(&offer).is_ok());
    let local = "a=candidate:1 1 udp 2122260223 3ec6b4e0-5e9f-4a28-8f37-2d5a7c0a0a0a.local 9 typ host\r\n";
    assert!(viewer(&format!("{}{local}", full_offer())).is_ok());
}

#[test]
fn hostile_72_data_channels_are_rejected() {
    let channel = format!(
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n{}a=sctp-port:5000\r\n",
        transport("2", "sendrecv")
    );
    let offer = format!("{}{}{}{channel}", session("0 1 2"), video("0", "recvonly"), audio("1", "recvonly"));
    let setup = viewer(&offer).expect("answer");
    assert!(setup.answer.contains("m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"), "{}", setup.answer);
    assert!(setup.answer.contains("a=group:BUNDLE 0 1\r\n"), "{}", setup.answer);
}

#[test]
fn a_setup_may_move_to_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<ViewerSetup>();
    is_send::<PublisherSetup>();
}

#[test]
fn playout_delay_is_negotiated_for_viewers_that_ask_for_low_latency() {
    let extension = "a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\r\n";
    for low_latency in [false, true] {
        let options = ViewerOptions { low_latency };
        let setup = setup_viewer_with(&full_offer(), &BOTH, &candidates(), options, Instant::now()).expect("answer");
        assert_eq!(setup.answer.contains(extension), low_latency, "{}", setup.answer);
    }
}
