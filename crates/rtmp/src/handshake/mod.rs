//! The RTMP handshake (RTMP 1.0 section 5.2), plain and with digests ("complex"), for both ends.
//!
//! The digest form is undocumented; it is what Flash Media Server 3.5 and later speak, and FFmpeg, librtmp and
//! Flash-derived clients check it. A C1 whose digest does not verify is answered in the plain form.

mod client;
mod digest;
mod server;

pub use client::ClientHandshake;
pub use server::ServerHandshake;

use thiserror::Error;

/// Bytes of C1, S1, C2 and S2.
pub const PACKET_LENGTH: usize = 1536;
/// The version byte of plain RTMP.
pub const VERSION: u8 = 3;

/// Why a handshake failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HandshakeError {
    /// The first byte is no version of RTMP that can be served: another protocol (HTTP, TLS), or RTMPE.
    #[error("first byte {0:#04x} is no RTMP version served here")]
    BadVersion(u8),
}

impl HandshakeError {
    /// The stable code for logs and counters.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BadVersion(_) => "RTMP_BAD_VERSION",
        }
    }
}

/// The form a handshake took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeForm {
    /// Random bytes and their echo.
    Plain,
    /// Digests at the position of scheme 0 (offset in bytes 8..12).
    Digest0,
    /// Digests at the position of scheme 1 (offset in bytes 772..776).
    Digest1,
}
