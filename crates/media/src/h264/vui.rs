//! Video usability information of an SPS (ITU-T H.264 annex E): frame rate and reordering.

use crate::{BitReader, ConfigError};

/// `aspect_ratio_idc` that says an explicit ratio follows.
const EXTENDED_SAR: u32 = 255;
/// Largest `cpb_cnt_minus1` (section E.2.2); bounds the loop over an attacker's count.
const MAX_CPB_COUNT_MINUS_1: u32 = 31;

/// How many pictures a decoder must hold (the tail of the VUI).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BitstreamRestriction {
    /// `max_num_reorder_frames`, 0..=16: 0 promises that output order is decode order.
    pub max_num_reorder_frames: u32,
    /// `max_dec_frame_buffering`, 0..=16.
    pub max_dec_frame_buffering: u32,
}

/// The parts of the VUI that the gateway reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Vui {
    /// `time_scale` and `num_units_in_tick`, both non-zero; a frame lasts two ticks.
    pub timing: Option<(u32, u32)>,
    /// `fixed_frame_rate_flag`.
    pub fixed_frame_rate: bool,
    /// `video_full_range_flag`.
    pub full_range: bool,
    /// The reordering bounds, when given.
    pub restriction: Option<BitstreamRestriction>,
    /// Bit position of `bitstream_restriction_flag` in the RBSP, when the VUI could be read that far.
    pub(super) restriction_bit: Option<usize>,
}

impl Vui {
    /// Reads a VUI as far as it is sound: hardware encoders that cut it short exist, and pictures decode all the same.
    pub(super) fn parse_lenient(reader: &mut BitReader<'_>) -> Self {
        let mut vui = Self::default();
        // What was read before the damage stays; nothing in the VUI is needed to decode.
        let _ = vui.parse(reader);
        vui
    }

    fn parse(&mut self, reader: &mut BitReader<'_>) -> Result<(), ConfigError> {
        if reader.flag()? && reader.bits(8)? == EXTENDED_SAR {
            reader.skip(32)?;
        }
        if reader.flag()? {
            reader.skip(1)?; // overscan_appropriate_flag
        }
        if reader.flag()? {
            reader.skip(3)?; // video_format
            self.full_range = reader.flag()?;
            if reader.flag()? {
                reader.skip(24)?; // colour description
            }
        }
        if reader.flag()? {
            reader.ue()?; // chroma_sample_loc_type_top_field
            reader.ue()?;
        }
        if reader.flag()? {
            let num_units_in_tick = reader.bits(32)?;
            let time_scale = reader.bits(32)?;
            self.fixed_frame_rate = reader.flag()?;
            if num_units_in_tick != 0 && time_scale != 0 {
                self.timing = Some((time_scale, num_units_in_tick));
            }
        }
        let nal_hrd = reader.flag()?;
        if nal_hrd {
            skip_hrd(reader)?;
        }
        let vcl_hrd = reader.flag()?;
        if vcl_hrd {
            skip_hrd(reader)?;
        }
        if nal_hrd || vcl_hrd {
            reader.skip(1)?; // low_delay_hrd_flag
        }
        reader.skip(1)?; // pic_struct_present_flag
        let restriction_bit = reader.position();
        let restriction = reader.flag()?;
        self.restriction_bit = Some(restriction_bit);
        if restriction {
            reader.skip(1)?; // motion_vectors_over_pic_boundaries_flag
            for _ in 0..4 {
                reader.ue()?; // max_bytes_per_pic_denom, max_bits_per_mb_denom, log2_max_mv_length_*
            }
            self.restriction = Some(BitstreamRestriction {
                max_num_reorder_frames: reader.ue_at_most(16, "max_num_reorder_frames")?,
                max_dec_frame_buffering: reader.ue_at_most(16, "max_dec_frame_buffering")?,
            });
        }
        Ok(())
    }
}

fn skip_hrd(reader: &mut BitReader<'_>) -> Result<(), ConfigError> {
    let count = reader.ue_at_most(MAX_CPB_COUNT_MINUS_1, "cpb_cnt_minus1")?;
    reader.skip(8)?; // bit_rate_scale, cpb_size_scale
    for _ in 0..=count {
        reader.ue()?;
        reader.ue()?;
        reader.skip(1)?;
    }
    reader.skip(20) // three delay lengths and time_offset_length
}
