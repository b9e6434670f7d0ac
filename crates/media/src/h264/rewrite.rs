//! Rewriting an SPS so that it promises no reordering (ITU-T H.264 section E.2.1, `bitstream_restriction`).
//!
//! Decoders that must allow for reordering hold pictures back for a frame or two. A stream that is sent without its B
//! pictures reorders nothing, and may say so.

use super::{SpsInfo, escape, unescape};
use crate::{BitReader, BitWriter, ConfigError};

/// VUI flags from `aspect_ratio_info_present_flag` to `pic_struct_present_flag`, all absent.
const EMPTY_VUI_FLAGS: u32 = 8;
/// `log2_max_mv_length_*` that restricts nothing.
const MAX_MOTION_VECTOR_LENGTH: u32 = 15;

/// The SPS NAL unit with `max_num_reorder_frames` 0 and `max_dec_frame_buffering` as many as its reference frames.
///
/// Errors: the SPS does not parse, or its VUI cannot be read up to where the promise goes.
pub fn without_reordering(sps_nal: &[u8]) -> Result<Vec<u8>, ConfigError> {
    let info = SpsInfo::parse(sps_nal)?;
    let rbsp = unescape(sps_nal, usize::MAX);
    let mut reader = BitReader::new(&rbsp, "SPS");
    let mut writer = BitWriter::new();
    copy_bits(&mut reader, &mut writer, info.vui_flag_bit)?;
    writer.flag(true);
    match info.vui {
        None => writer.bits(0, EMPTY_VUI_FLAGS),
        Some(vui) => {
            let end = vui.restriction_bit.ok_or(ConfigError::Truncated { what: "VUI", offset: rbsp.len() })?;
            reader.skip(1)?;
            copy_bits(&mut reader, &mut writer, end)?;
        }
    }
    writer.flag(true); // bitstream_restriction_flag
    writer.flag(true); // motion_vectors_over_pic_boundaries_flag
    writer.ue(0); // max_bytes_per_pic_denom: no limit
    writer.ue(0); // max_bits_per_mb_denom: no limit
    writer.ue(MAX_MOTION_VECTOR_LENGTH);
    writer.ue(MAX_MOTION_VECTOR_LENGTH);
    writer.ue(0); // max_num_reorder_frames
    writer.ue(info.max_num_ref_frames); // max_dec_frame_buffering
    Ok(escape(&writer.finish_rbsp()))
}

fn copy_bits(reader: &mut BitReader<'_>, writer: &mut BitWriter, end: usize) -> Result<(), ConfigError> {
    while reader.position() < end {
        let count = (end - reader.position()).min(32) as u32;
        writer.bits(reader.bits(count)?, count);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::h264::{AnnexBNalUnits, NalUnitType};
    use rtmp_gateway_testkit::fixtures;

    const HIGH_1080: &[u8] = &[
        0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00, 0x0f, 0xa4, 0x00,
        0x03, 0xa9, 0x80, 0x3c, 0x60, 0xc6, 0x58,
    ];

    fn check(sps: &[u8]) {
        let before = SpsInfo::parse(sps).unwrap();
        let after = SpsInfo::parse(&without_reordering(sps).unwrap()).unwrap();
        assert_eq!(after.num_reorder_frames(), Some(0));
        let restriction = after.vui.unwrap().restriction.unwrap();
        assert_eq!(restriction.max_dec_frame_buffering, before.max_num_ref_frames);
        assert_eq!((after.width, after.height, after.frame_rate()), (before.width, before.height, before.frame_rate()));
        assert_eq!(SpsInfo { vui: None, ..after }, SpsInfo { vui: None, ..before });
    }

    #[test]
    fn only_the_promise_changes() {
        check(HIGH_1080);
        let baseline = AnnexBNalUnits::new(fixtures::BASELINE_H264)
            .find(|nal| NalUnitType::from_header(nal[0]) == NalUnitType::Sps)
            .unwrap();
        check(baseline);
    }

    #[test]
    fn an_sps_without_vui_gets_one() {
        let info = SpsInfo::parse(HIGH_1080).unwrap();
        let rbsp = unescape(HIGH_1080, usize::MAX);
        let mut writer = BitWriter::new();
        copy_bits(&mut BitReader::new(&rbsp, "SPS"), &mut writer, info.vui_flag_bit).unwrap();
        writer.flag(false);
        let bare = escape(&writer.finish_rbsp());
        assert_eq!(SpsInfo::parse(&bare).unwrap().num_reorder_frames(), None);
        check(&bare);
    }

    #[test]
    fn a_cut_vui_is_an_error() {
        assert!(without_reordering(&HIGH_1080[..18]).is_err());
        assert!(without_reordering(&[]).is_err());
    }
}
