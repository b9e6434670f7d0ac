//! Picture parameter set (ITU-T H.264 section 7.3.2.2), as far as slice headers depend on it.

use super::{NalUnitType, unescape};
use crate::{BitReader, ConfigError};

/// Bytes of a PPS that are looked at; what is read of it fits a fraction of this.
const MAX_PPS_BYTES: usize = 256;
/// Most entries of a reference list (fields; frames have half).
const MAX_ACTIVE_REFERENCES: u32 = 32;

/// What a PPS says about its slices' headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PpsInfo {
    /// `pic_parameter_set_id`, 0..=255.
    pub id: u32,
    /// `seq_parameter_set_id`, 0..=31.
    pub sps_id: u32,
    /// `bottom_field_pic_order_in_frame_present_flag`.
    pub bottom_field_pic_order: bool,
    /// Entries of reference list 0 when a slice does not say, 1..=32.
    pub default_active_references_l0: u32,
    /// Entries of reference list 1 when a slice does not say, 1..=32.
    pub default_active_references_l1: u32,
    /// `weighted_pred_flag`.
    pub weighted_prediction: bool,
    /// `weighted_bipred_idc`, 0..=2 (3 is reserved).
    pub weighted_biprediction: u32,
    /// `redundant_pic_cnt_present_flag`.
    pub redundant_pictures: bool,
}

impl PpsInfo {
    /// Parses a PPS NAL unit (with its header byte).
    ///
    /// Errors: [`ConfigError`]; slice groups (baseline's FMO, which no live encoder makes) are unsupported.
    pub fn parse(nal: &[u8]) -> Result<Self, ConfigError> {
        let header = nal.first().copied().ok_or(ConfigError::Missing { what: "PPS" })?;
        if NalUnitType::from_header(header) != NalUnitType::Pps {
            let value = u64::from(header & 0x1f);
            return Err(ConfigError::OutOfRange { field: "PPS nal_unit_type", value, offset: 0 });
        }
        let rbsp = unescape(nal, MAX_PPS_BYTES);
        let mut reader = BitReader::new(&rbsp, "PPS");
        reader.skip(8)?;
        let id = reader.ue_at_most(255, "pic_parameter_set_id")?;
        let sps_id = reader.ue_at_most(31, "seq_parameter_set_id")?;
        reader.skip(1)?; // entropy_coding_mode_flag
        let bottom_field_pic_order = reader.flag()?;
        let slice_groups = reader.ue()?;
        if slice_groups != 0 {
            return Err(ConfigError::Unsupported { feature: "slice groups", value: u64::from(slice_groups) });
        }
        let active = |reader: &mut BitReader<'_>| {
            reader.ue_at_most(MAX_ACTIVE_REFERENCES - 1, "num_ref_idx_default_active_minus1").map(|minus_1| minus_1 + 1)
        };
        let default_active_references_l0 = active(&mut reader)?;
        let default_active_references_l1 = active(&mut reader)?;
        let weighted_prediction = reader.flag()?;
        let weighted_biprediction = reader.bits(2)?;
        for _ in 0..3 {
            reader.se()?; // pic_init_qp_minus26, pic_init_qs_minus26, chroma_qp_index_offset
        }
        reader.skip(2)?; // deblocking_filter_control_present_flag, constrained_intra_pred_flag
        let redundant_pictures = reader.flag()?;
        Ok(Self {
            id,
            sps_id,
            bottom_field_pic_order,
            default_active_references_l0,
            default_active_references_l1,
            weighted_prediction,
            weighted_biprediction,
            redundant_pictures,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_and_bad_ones() {
        // x264, high profile.
        let pps = PpsInfo::parse(&[0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0]).unwrap();
        assert_eq!((pps.id, pps.sps_id, pps.default_active_references_l0), (0, 0, 3));
        assert_eq!((pps.weighted_prediction, pps.weighted_biprediction), (true, 2));
        assert!(!pps.redundant_pictures && !pps.bottom_field_pic_order);
        for cut in 0..4 {
            assert!(PpsInfo::parse(&[0x68, 0xeb, 0xe3, 0xcb][..cut]).is_err());
        }
        assert!(PpsInfo::parse(&[0x67, 0xeb, 0xe3, 0xcb, 0x22, 0xc0]).is_err());
    }
}
