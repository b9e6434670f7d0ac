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

pub use h264_depacketizer::H264Depacketizer;
pub use h264_packetizer::H264Packetizer;
pub use jitter::{AudioJitterBuffer, VideoJitterBuffer};
pub use opus::OpusPacketizer;
pub use rtmp::{RtmpChunkReader, RtmpChunkWriter};
