//! H.264 (ITU-T H.264, ISO/IEC 14496-15 section 5): NAL units, parameter sets and the decoder configuration record.

mod annex_b;
mod avcc;
mod config;
mod nal;
mod pps;
mod rewrite;
mod slice;
mod sps;
mod vui;

pub use annex_b::{AnnexBNalUnits, annex_b_to_avcc, avcc_to_annex_b};
pub use avcc::{AvccNalUnits, NalUnit, nal_units, write_nal_unit};
pub use config::H264Config;
pub use nal::{NalUnitType, escape, unescape};
pub use pps::PpsInfo;
pub use rewrite::without_reordering;
pub use slice::{ListModification, Marking, MemoryOperation, SliceHeader, SliceType};
pub use sps::{MAX_MACROBLOCKS_PER_SIDE, PictureOrderCount, SpsInfo};
pub use vui::{BitstreamRestriction, Vui};
