//! AVCDecoderConfigurationRecord (ISO/IEC 14496-15 section 5.3.3), SPS, PPS, slice headers and NAL framing (H.264).
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use rtmp_gateway_media::h264::{
    AnnexBNalUnits, H264Config, MAX_MACROBLOCKS_PER_SIDE, NalUnit, PpsInfo, SliceHeader, SpsInfo, annex_b_to_avcc,
    avcc_to_annex_b, escape, nal_units, unescape, without_reordering,
};

/// What a good SPS promises.
fn check(nal: &[u8]) {
    let Ok(info) = SpsInfo::parse(nal) else { return };
    assert!(info.width > 0 && info.height > 0);
    // Twice as high when map units are pairs of fields.
    assert!(info.width <= 16 * MAX_MACROBLOCKS_PER_SIDE && info.height <= 32 * MAX_MACROBLOCKS_PER_SIDE);
    let _ = (info.frame_rate(), info.profile_name());
    if let Ok(rewritten) = without_reordering(nal) {
        let again = SpsInfo::parse(&rewritten).expect("a rewritten SPS parses");
        assert_eq!((again.width, again.height), (info.width, info.height));
        assert_eq!(again.num_reorder_frames(), Some(0));
    }
}

fuzz_target!(|input: &[u8]| {
    check(input);
    if let Ok(config) = H264Config::parse(Bytes::copy_from_slice(input)) {
        assert!(matches!(config.nal_length_size(), 1 | 2 | 4));
        let rebuilt = H264Config::from_parameter_sets(config.sps(), config.pps()).expect("what parsed can be written");
        assert_eq!(rebuilt.sps(), config.sps());
        for sps in config.sps() {
            check(sps);
        }
        // The rest of the input stands for slices that lean on these parameter sets.
        if let Some(Ok(pps)) = config.pps().first().map(|pps| PpsInfo::parse(pps)) {
            let _ = SliceHeader::parse(&NalUnit { offset: 0, bytes: input }, config.sps_info(), &pps);
        }
    }
    let _ = PpsInfo::parse(input);
    for size in [1, 2, 4] {
        for nal in nal_units(input, size).flatten() {
            assert!(nal.bytes.len() <= input.len());
        }
        let _ = avcc_to_annex_b(input, size);
    }
    assert!(AnnexBNalUnits::new(input).all(|nal| nal.len() <= input.len()));
    let _ = annex_b_to_avcc(input);
    // A raw byte sequence payload never ends in a zero byte: behind its stop bit only pairs of zeros may follow.
    if input.last() != Some(&0) {
        assert_eq!(unescape(&escape(input), usize::MAX), input);
    }
});
