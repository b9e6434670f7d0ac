//! Slice headers (ITU-T H.264 section 7.3.3) up to reference picture marking: which pictures a slice may refer to.

use super::{NalUnit, NalUnitType, PictureOrderCount, PpsInfo, SpsInfo, unescape};
use crate::{BitReader, ConfigError};

/// Bytes of a slice that are looked at: a header with full weight tables and reordering stays below.
const MAX_SLICE_HEADER_BYTES: usize = 1_024;
/// Most entries of a reference list.
const MAX_ACTIVE_REFERENCES: u32 = 32;
/// Most reordering or marking operations of one slice (section 7.4.3.1: entries + 1); bounds the loops.
const MAX_OPERATIONS: usize = 66;

/// What prediction a slice uses (`slice_type` modulo 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SliceType {
    /// From earlier pictures in list 0.
    P,
    /// From two lists; usually leaves decode order.
    B,
    /// From this picture only.
    I,
    /// Switching P.
    Sp,
    /// Switching I.
    Si,
}

impl SliceType {
    /// The type of a slice NAL unit, without reading the rest of its header.
    pub fn of(nal: &NalUnit<'_>) -> Result<Self, ConfigError> {
        let rbsp = unescape(nal.bytes, 16);
        let mut reader = BitReader::new(&rbsp, "slice header");
        reader.skip(8)?;
        reader.ue()?; // first_mb_in_slice
        Self::parse(&mut reader)
    }

    fn parse(reader: &mut BitReader<'_>) -> Result<Self, ConfigError> {
        Ok(match reader.ue_at_most(9, "slice_type")? % 5 {
            0 => Self::P,
            1 => Self::B,
            2 => Self::I,
            3 => Self::Sp,
            _ => Self::Si,
        })
    }
}

/// One step of reordering reference list 0 (section 7.4.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListModification {
    /// Move the picture this much below the predicted picture number to the front.
    Subtract(u32),
    /// Move the picture this much above the predicted picture number to the front.
    Add(u32),
    /// Move the picture with this long-term number to the front.
    LongTerm(u32),
}

/// One memory management control operation (section 7.4.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryOperation {
    /// 1: forget the short-term picture this much below the current picture number.
    ForgetShortTerm(u32),
    /// 2: forget the picture with this long-term number.
    ForgetLongTerm(u32),
    /// 3: give the short-term picture this much below the current number a long-term index.
    MakeLongTerm(u32, u32),
    /// 4: forget long-term indexes from this one on.
    LimitLongTerm(u32),
    /// 5: forget everything.
    ForgetAll,
    /// 6: give the current picture a long-term index.
    CurrentLongTerm(u32),
}

/// How a picture changes what later pictures may refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Marking {
    /// It is no reference.
    NotReference,
    /// An IDR: everything before is forgotten.
    Idr {
        /// Whether it becomes a long-term reference.
        long_term: bool,
    },
    /// The oldest short-term reference makes room.
    SlidingWindow,
    /// By explicit operations.
    Adaptive(Vec<MemoryOperation>),
}

/// A slice header up to reference picture marking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SliceHeader {
    /// `first_mb_in_slice`; 0 starts a picture.
    pub first_macroblock: u32,
    /// Prediction type.
    pub slice_type: SliceType,
    /// `pic_parameter_set_id`.
    pub pps_id: u32,
    /// `frame_num`.
    pub frame_num: u32,
    /// `field_pic_flag`: half a picture of interlaced video.
    pub field: bool,
    /// Entries of reference list 0 in use, 0..=32.
    pub active_references_l0: u32,
    /// Changes to reference list 0.
    pub modifications_l0: Vec<ListModification>,
    /// What happens to the reference pictures.
    pub marking: Marking,
}

impl SliceHeader {
    /// Parses the header of a slice NAL unit with the parameter sets it refers to.
    ///
    /// Errors: truncated or out-of-range fields, data partitions, a PPS id other than `pps`'s.
    pub fn parse(nal: &NalUnit<'_>, sps: &SpsInfo, pps: &PpsInfo) -> Result<Self, ConfigError> {
        let idr = match nal.unit_type() {
            NalUnitType::IdrSlice => true,
            NalUnitType::NonIdrSlice => false,
            other => {
                return Err(ConfigError::Unsupported { feature: "NAL unit as slice", value: u64::from(other.value()) });
            }
        };
        let rbsp = unescape(nal.bytes, MAX_SLICE_HEADER_BYTES);
        let mut reader = BitReader::new(&rbsp, "slice header");
        reader.skip(8)?;
        let first_macroblock = reader.ue()?;
        let slice_type = SliceType::parse(&mut reader)?;
        let pps_id = reader.ue_at_most(255, "pic_parameter_set_id")?;
        if pps_id != pps.id {
            return Err(ConfigError::Missing { what: "PPS of the slice" });
        }
        if sps.separate_colour_plane {
            reader.skip(2)?;
        }
        let frame_num = reader.bits(sps.frame_num_bits)?;
        let field = !sps.frame_mbs_only && reader.flag()?;
        if field {
            reader.skip(1)?; // bottom_field_flag
        }
        if idr {
            reader.ue()?; // idr_pic_id
        }
        skip_picture_order(&mut reader, sps, pps, field)?;
        if pps.redundant_pictures {
            reader.ue()?;
        }
        let is_b = slice_type == SliceType::B;
        let predicted = matches!(slice_type, SliceType::P | SliceType::Sp) || is_b;
        if is_b {
            reader.skip(1)?; // direct_spatial_mv_pred_flag
        }
        let (mut active_l0, mut active_l1) = (0, 0);
        let mut modifications_l0 = Vec::new();
        if predicted {
            (active_l0, active_l1) = (pps.default_active_references_l0, pps.default_active_references_l1);
            if reader.flag()? {
                active_l0 = 1 + reader.ue_at_most(MAX_ACTIVE_REFERENCES - 1, "num_ref_idx_l0_active_minus1")?;
                if is_b {
                    active_l1 = 1 + reader.ue_at_most(MAX_ACTIVE_REFERENCES - 1, "num_ref_idx_l1_active_minus1")?;
                }
            }
            modifications_l0 = parse_modifications(&mut reader)?;
            if is_b {
                parse_modifications(&mut reader)?;
            }
        }
        if (pps.weighted_prediction && predicted && !is_b) || (pps.weighted_biprediction == 1 && is_b) {
            let lists = [active_l0, if is_b { active_l1 } else { 0 }];
            skip_weights(&mut reader, sps, lists.iter().sum())?;
        }
        let marking = if nal.ref_idc() == 0 { Marking::NotReference } else { parse_marking(&mut reader, idr)? };
        let active_references_l0 = active_l0;
        Ok(Self {
            first_macroblock,
            slice_type,
            pps_id,
            frame_num,
            field,
            active_references_l0,
            modifications_l0,
            marking,
        })
    }
}

fn skip_picture_order(
    reader: &mut BitReader<'_>,
    sps: &SpsInfo,
    pps: &PpsInfo,
    field: bool,
) -> Result<(), ConfigError> {
    let both_fields = pps.bottom_field_pic_order && !field;
    match sps.picture_order_count {
        PictureOrderCount::Lsb { lsb_bits } => {
            reader.skip(lsb_bits as usize)?;
            if both_fields {
                reader.se()?;
            }
        }
        PictureOrderCount::Cycle { delta_always_zero: false } => {
            reader.se()?;
            if both_fields {
                reader.se()?;
            }
        }
        PictureOrderCount::Cycle { delta_always_zero: true } | PictureOrderCount::DecodeOrder => {}
    }
    Ok(())
}

fn too_many(reader: &BitReader<'_>, field: &'static str) -> ConfigError {
    ConfigError::OutOfRange { field, value: MAX_OPERATIONS as u64 + 1, offset: reader.byte_offset() }
}

fn parse_modifications(reader: &mut BitReader<'_>) -> Result<Vec<ListModification>, ConfigError> {
    let mut modifications = Vec::new();
    if !reader.flag()? {
        return Ok(modifications);
    }
    while modifications.len() <= MAX_OPERATIONS {
        modifications.push(match reader.ue_at_most(3, "modification_of_pic_nums_idc")? {
            0 => ListModification::Subtract(reader.ue()?.saturating_add(1)),
            1 => ListModification::Add(reader.ue()?.saturating_add(1)),
            2 => ListModification::LongTerm(reader.ue()?),
            _ => return Ok(modifications),
        });
    }
    Err(too_many(reader, "reference list modifications"))
}

fn skip_weights(reader: &mut BitReader<'_>, sps: &SpsInfo, entries: u32) -> Result<(), ConfigError> {
    let chroma = sps.chroma_format_idc != 0 && !sps.separate_colour_plane;
    reader.ue()?; // luma_log2_weight_denom
    if chroma {
        reader.ue()?;
    }
    for _ in 0..entries {
        if reader.flag()? {
            reader.se()?;
            reader.se()?;
        }
        if chroma && reader.flag()? {
            for _ in 0..4 {
                reader.se()?;
            }
        }
    }
    Ok(())
}

fn parse_marking(reader: &mut BitReader<'_>, idr: bool) -> Result<Marking, ConfigError> {
    if idr {
        reader.skip(1)?; // no_output_of_prior_pics_flag
        return Ok(Marking::Idr { long_term: reader.flag()? });
    }
    if !reader.flag()? {
        return Ok(Marking::SlidingWindow);
    }
    let mut operations = Vec::new();
    while operations.len() <= MAX_OPERATIONS {
        operations.push(match reader.ue_at_most(6, "memory_management_control_operation")? {
            0 => return Ok(Marking::Adaptive(operations)),
            1 => MemoryOperation::ForgetShortTerm(reader.ue()?.saturating_add(1)),
            2 => MemoryOperation::ForgetLongTerm(reader.ue()?),
            3 => MemoryOperation::MakeLongTerm(reader.ue()?.saturating_add(1), reader.ue()?),
            4 => MemoryOperation::LimitLongTerm(reader.ue()?),
            5 => MemoryOperation::ForgetAll,
            _ => MemoryOperation::CurrentLongTerm(reader.ue()?),
        });
    }
    Err(too_many(reader, "memory management operations"))
}

#[cfg(test)]
mod tests;
