//! What RTP adds to NAL unit headers: packet types and fragmentation bits (RFC 6184 sections 5.2 and 5.8).

/// The low five bits of a NAL unit header: its type.
pub(crate) const TYPE_MASK: u8 = 0x1f;
/// The two bits of nal_ref_idc, in place.
pub(crate) const NRI_MASK: u8 = 0x60;

/// Single-time aggregation packet.
pub(crate) const STAP_A: u8 = 24;
/// Fragmentation unit.
pub(crate) const FU_A: u8 = 28;

/// FU header: this fragment is the first of its NAL unit.
pub(crate) const FU_START: u8 = 0x80;
/// FU header: this fragment is the last of its NAL unit.
pub(crate) const FU_END: u8 = 0x40;
