//! NAL unit header fields (ISO/IEC 14496-10 section 7.3.1) and the packet types RTP adds (RFC 6184 section 5.2).

/// The low five bits of a NAL unit header.
pub(crate) const TYPE_MASK: u8 = 0x1f;
/// The two bits of nal_ref_idc, in place.
pub(crate) const NRI_MASK: u8 = 0x60;

pub(crate) const SPS: u8 = 7;
pub(crate) const PPS: u8 = 8;
pub(crate) const ACCESS_UNIT_DELIMITER: u8 = 9;
pub(crate) const FILLER_DATA: u8 = 12;
/// Single-time aggregation packet.
pub(crate) const STAP_A: u8 = 24;
/// Fragmentation unit.
pub(crate) const FU_A: u8 = 28;

/// FU header: this fragment is the first of its NAL unit.
pub(crate) const FU_START: u8 = 0x80;
/// FU header: this fragment is the last of its NAL unit.
pub(crate) const FU_END: u8 = 0x40;

/// The NAL unit type of a header byte.
pub(crate) const fn nal_type(header: u8) -> u8 {
    header & TYPE_MASK
}
