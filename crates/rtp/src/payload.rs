//! An outgoing RTP payload, shared by every viewer of a stream (RFC 3550 section 5.1 for the marker).

use std::sync::Arc;

/// What one packet carries: the payload behind the RTP header, and the header's marker bit.
///
/// The bytes are reference-counted: a stream is packetized once, and N viewers clone the pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RtpPayload {
    /// The payload, without RTP header and without SRTP.
    pub payload: Arc<[u8]>,
    /// The marker bit: the last packet of a picture, or the first packet after silence.
    pub marker: bool,
}

/// The payload size, in bytes, that keeps a whole IP packet within 1,200 bytes.
///
/// 1,200 is what passes every path met in practice without fragmentation (IPv6 guarantees 1,280, tunnels take some).
/// Subtracted are IPv6 (40), UDP (8), the RTP header (12), header extensions (24: transport-wide sequence number, send
/// time, mid and playout delay) and the SRTP tag (16 for AES-GCM).
pub const DEFAULT_MAX_PAYLOAD_SIZE: usize = 1_200 - 40 - 8 - 12 - 24 - 16;
