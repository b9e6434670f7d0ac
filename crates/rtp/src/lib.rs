//! Sans-IO RTP: packets, H.264 and Opus payload formats, jitter buffers and clocks (RFC 3550, 6184, 7587, 8285).
//!
//! Nothing here owns a clock, a socket or a thread: `now` is an argument, and what is due next is asked for with
//! `poll_timeout`. Outgoing media goes through [`h264::Packetizer`] and [`opus::Packetizer`] into [`RtpPayload`]s that
//! every viewer shares.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests start their virtual time at any instant"))]

mod clock_mapping;
mod extension;
pub mod h264;
pub mod jitter;
mod ntp;
pub mod opus;
mod packet;
mod payload;
mod unwrap;

pub use clock_mapping::{ClockMapping, ReportOutcome};
pub use extension::{Element, Elements, ExtensionError, HeaderExtension};
pub use jitter::MediaPacket;
pub use ntp::NtpTime;
pub use packet::{PacketError, RtpHeader, RtpPacket};
pub use payload::{DEFAULT_MAX_PAYLOAD_SIZE, RtpPayload};
pub use unwrap::{Position, SequenceUnwrapper, TimestampUnwrapper};
