//! Sequence parameter set (ITU-T H.264 section 7.3.2.1.1), parsed with every count and size bounded.

use super::{NalUnitType, Vui, unescape};
use crate::{BitReader, ConfigError};

/// Widest and highest picture in macroblocks: level 6.2 allows sqrt(139,264 * 8). Larger sizes are garbage or an attack
/// on whoever allocates frames from them.
pub const MAX_MACROBLOCKS_PER_SIDE: u32 = 1_055;
/// Bytes of an SPS that are looked at; scaling lists and a full VUI need fewer than 700.
const MAX_SPS_BYTES: usize = 4_096;
/// Largest `num_ref_frames_in_pic_order_cnt_cycle` (section 7.4.2.1.1): a count of 10^9 once cost a parser 9 GB.
const MAX_POC_CYCLE: u32 = 255;
/// Most reference frames (section A.3.1).
const MAX_REFERENCE_FRAMES: u32 = 16;

/// How picture order is coded; what a slice header needs to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureOrderCount {
    /// Type 0: the low bits are in each slice.
    Lsb {
        /// Width of `pic_order_cnt_lsb` in bits, 4..=16.
        lsb_bits: u32,
    },
    /// Type 1: expected deltas per cycle.
    Cycle {
        /// `delta_pic_order_always_zero_flag`.
        delta_always_zero: bool,
    },
    /// Type 2: output order is decode order.
    DecodeOrder,
}

/// What an SPS says.
#[derive(Debug, Clone, PartialEq)]
pub struct SpsInfo {
    /// `profile_idc`, e.g. 66 baseline, 77 main, 100 high.
    pub profile_idc: u8,
    /// The constraint flags byte.
    pub constraint_flags: u8,
    /// `level_idc`, ten times the level.
    pub level_idc: u8,
    /// `seq_parameter_set_id`, 0..=31.
    pub id: u32,
    /// `chroma_format_idc`, 0..=3 (1 is 4:2:0).
    pub chroma_format_idc: u32,
    /// `separate_colour_plane_flag`.
    pub separate_colour_plane: bool,
    /// Luma bits, 8..=14.
    pub bit_depth_luma: u32,
    /// Chroma bits, 8..=14.
    pub bit_depth_chroma: u32,
    /// Width of `frame_num` in bits, 4..=16.
    pub frame_num_bits: u32,
    /// How picture order is coded.
    pub picture_order_count: PictureOrderCount,
    /// `max_num_ref_frames`, 0..=16.
    pub max_num_ref_frames: u32,
    /// `frame_mbs_only_flag`: no interlaced coding.
    pub frame_mbs_only: bool,
    /// Width in pixels after cropping.
    pub width: u32,
    /// Height in pixels after cropping.
    pub height: u32,
    /// Video usability information, when present.
    pub vui: Option<Vui>,
    /// Bit position of `vui_parameters_present_flag` in the unescaped NAL unit.
    pub(super) vui_flag_bit: usize,
}

impl SpsInfo {
    /// Parses an SPS NAL unit (with its header byte).
    ///
    /// Errors: [`ConfigError`] with the byte offset in the unescaped NAL unit. A damaged VUI is not an error: its
    /// fields stay unknown.
    pub fn parse(nal: &[u8]) -> Result<Self, ConfigError> {
        let Some(header) = nal.first().copied() else {
            return Err(ConfigError::Missing { what: "SPS" });
        };
        if NalUnitType::from_header(header) != NalUnitType::Sps {
            return Err(ConfigError::OutOfRange {
                field: "SPS nal_unit_type",
                value: u64::from(header & 0x1f),
                offset: 0,
            });
        }
        let rbsp = unescape(nal, MAX_SPS_BYTES);
        let mut reader = BitReader::new(&rbsp, "SPS");
        reader.skip(8)?;
        Self::parse_payload(&mut reader)
    }

    fn parse_payload(reader: &mut BitReader<'_>) -> Result<Self, ConfigError> {
        let profile_idc = reader.bits(8)? as u8;
        let constraint_flags = reader.bits(8)? as u8;
        let level_idc = reader.bits(8)? as u8;
        let id = reader.ue_at_most(31, "seq_parameter_set_id")?;
        let chroma = Chroma::parse(reader, profile_idc)?;
        let frame_num_bits = 4 + reader.ue_at_most(12, "log2_max_frame_num_minus4")?;
        let picture_order_count = parse_picture_order_count(reader)?;
        let max_num_ref_frames = reader.ue_at_most(MAX_REFERENCE_FRAMES, "max_num_ref_frames")?;
        reader.skip(1)?; // gaps_in_frame_num_value_allowed_flag
        let width_mbs = 1 + reader.ue_at_most(MAX_MACROBLOCKS_PER_SIDE - 1, "pic_width_in_mbs_minus1")?;
        let height_units = 1 + reader.ue_at_most(MAX_MACROBLOCKS_PER_SIDE - 1, "pic_height_in_map_units_minus1")?;
        let frame_mbs_only = reader.flag()?;
        if !frame_mbs_only {
            reader.skip(1)?; // mb_adaptive_frame_field_flag
        }
        reader.skip(1)?; // direct_8x8_inference_flag
        let field_factor = if frame_mbs_only { 1 } else { 2 };
        let (crop_x, crop_y) = if reader.flag()? { parse_crop(reader)? } else { (0, 0) };
        let (unit_x, unit_y) = chroma.crop_units();
        let width = cropped(reader, width_mbs * 16, crop_x * unit_x)?;
        let height = cropped(reader, height_units * 16 * field_factor, crop_y * unit_y * u64::from(field_factor))?;
        let vui_flag_bit = reader.position();
        let vui = if reader.flag()? { Some(Vui::parse_lenient(reader)) } else { None };
        Ok(Self {
            profile_idc,
            constraint_flags,
            level_idc,
            id,
            chroma_format_idc: chroma.format_idc,
            separate_colour_plane: chroma.separate_planes,
            bit_depth_luma: chroma.bit_depth_luma,
            bit_depth_chroma: chroma.bit_depth_chroma,
            frame_num_bits,
            picture_order_count,
            max_num_ref_frames,
            frame_mbs_only,
            width,
            height,
            vui,
            vui_flag_bit,
        })
    }

    /// Frames a second from the VUI's timing; `None` when absent or absurd (over 1,000, or below one in 100 s).
    pub fn frame_rate(&self) -> Option<f64> {
        let (time_scale, num_units_in_tick) = self.vui?.timing?;
        let rate = f64::from(time_scale) / (2.0 * f64::from(num_units_in_tick));
        (0.01..=1_000.0).contains(&rate).then_some(rate)
    }

    /// `max_num_reorder_frames`, or what its absence implies: 0 for picture order type 2, else unknown.
    pub fn num_reorder_frames(&self) -> Option<u32> {
        if self.picture_order_count == PictureOrderCount::DecodeOrder {
            return Some(0);
        }
        Some(self.vui?.restriction?.max_num_reorder_frames)
    }

    /// The profile's usual name, e.g. `Constrained Baseline`.
    pub fn profile_name(&self) -> &'static str {
        match self.profile_idc {
            66 if self.constraint_flags & 0x40 != 0 => "Constrained Baseline",
            66 => "Baseline",
            77 => "Main",
            88 => "Extended",
            100 => "High",
            110 => "High 10",
            122 => "High 4:2:2",
            244 => "High 4:4:4 Predictive",
            _ => "Unknown",
        }
    }
}

struct Chroma {
    format_idc: u32,
    separate_planes: bool,
    bit_depth_luma: u32,
    bit_depth_chroma: u32,
}

impl Chroma {
    fn parse(reader: &mut BitReader<'_>, profile_idc: u8) -> Result<Self, ConfigError> {
        let mut chroma = Self { format_idc: 1, separate_planes: false, bit_depth_luma: 8, bit_depth_chroma: 8 };
        if !matches!(profile_idc, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135) {
            return Ok(chroma);
        }
        chroma.format_idc = reader.ue_at_most(3, "chroma_format_idc")?;
        if chroma.format_idc == 3 {
            chroma.separate_planes = reader.flag()?;
        }
        chroma.bit_depth_luma = 8 + reader.ue_at_most(6, "bit_depth_luma_minus8")?;
        chroma.bit_depth_chroma = 8 + reader.ue_at_most(6, "bit_depth_chroma_minus8")?;
        reader.skip(1)?; // qpprime_y_zero_transform_bypass_flag
        if reader.flag()? {
            let lists = if chroma.format_idc == 3 { 12 } else { 8 };
            for list in 0..lists {
                if reader.flag()? {
                    skip_scaling_list(reader, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
        Ok(chroma)
    }

    /// Pixels per cropping unit, horizontal and vertical (table 6-1, equations 7-19 to 7-22).
    fn crop_units(&self) -> (u64, u64) {
        match (self.format_idc, self.separate_planes) {
            (1, _) => (2, 2),
            (2, _) => (2, 1),
            _ => (1, 1),
        }
    }
}

fn skip_scaling_list(reader: &mut BitReader<'_>, size: u32) -> Result<(), ConfigError> {
    let (mut last, mut next) = (8i32, 8i32);
    for _ in 0..size {
        if next != 0 {
            next = (i64::from(last) + i64::from(reader.se()?)).rem_euclid(256) as i32;
        }
        last = if next == 0 { last } else { next };
    }
    Ok(())
}

fn parse_picture_order_count(reader: &mut BitReader<'_>) -> Result<PictureOrderCount, ConfigError> {
    match reader.ue_at_most(2, "pic_order_cnt_type")? {
        0 => {
            let lsb_bits = 4 + reader.ue_at_most(12, "log2_max_pic_order_cnt_lsb_minus4")?;
            Ok(PictureOrderCount::Lsb { lsb_bits })
        }
        1 => {
            let delta_always_zero = reader.flag()?;
            reader.se()?; // offset_for_non_ref_pic
            reader.se()?; // offset_for_top_to_bottom_field
            for _ in 0..reader.ue_at_most(MAX_POC_CYCLE, "num_ref_frames_in_pic_order_cnt_cycle")? {
                reader.se()?;
            }
            Ok(PictureOrderCount::Cycle { delta_always_zero })
        }
        _ => Ok(PictureOrderCount::DecodeOrder),
    }
}

/// Cropping units taken off the width and off the height.
fn parse_crop(reader: &mut BitReader<'_>) -> Result<(u64, u64), ConfigError> {
    let mut edges = [0u64; 4];
    for edge in &mut edges {
        *edge = u64::from(reader.ue()?);
    }
    let [left, right, top, bottom] = edges;
    Ok((left + right, top + bottom))
}

fn cropped(reader: &BitReader<'_>, size: u32, crop: u64) -> Result<u32, ConfigError> {
    match u64::from(size).checked_sub(crop) {
        Some(rest) if rest > 0 => Ok(rest as u32),
        _ => Err(ConfigError::OutOfRange { field: "frame cropping", value: crop, offset: reader.byte_offset() }),
    }
}

#[cfg(test)]
mod tests;
