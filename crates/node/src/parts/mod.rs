//! The parts of the gateway for programs that embed them: small classes over Buffers, for one thread, without sockets.
//!
//! What is wrong with an input is thrown as an `Error` with a `code` and a message of the form `GW_CODE: text`;
//! `docs/native.md` is the guide. A bug in here is thrown as well (`catch_unwind`), it never ends the process.

mod aac;
mod argument;
mod avc;
mod error;
mod h264_depacketizer;
mod h264_packetizer;
mod jitter;
mod opus;
mod rtmp;
mod rtp;

pub use aac::{build_aac_config, parse_aac_config};
pub use avc::{annex_b_to_avcc, avcc_to_annex_b, build_avc_config, parse_avc_config};
pub use h264_depacketizer::H264Depacketizer;
pub use h264_packetizer::H264Packetizer;
pub use jitter::{AudioJitterBuffer, VideoJitterBuffer};
pub use opus::{OpusPacketizer, parse_opus_packet};
pub use rtmp::{RtmpChunkReader, RtmpChunkWriter};
pub use rtp::{parse_rtp_packet, write_rtp_packet};
