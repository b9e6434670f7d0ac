//! Sans-IO RTMP: handshake, chunk stream, AMF, messages and sessions (Adobe RTMP 1.0, AMF0, AMF3, enhanced RTMP v2).
//!
//! Nothing here reads a clock, opens a socket or draws random numbers: bytes, `now` and a random seed come in, bytes
//! and events go out. A server connection is a [`session::server::ServerSession`], a client one a
//! [`session::client::ClientSession`]. Audio, video and data bodies pass through untouched as [`bytes::Bytes`]; what
//! is inside them is the business of the `flv` crate.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod amf0;
pub mod amf3;
pub mod chunk;
pub mod escape;
pub mod handshake;
pub mod limits;
pub mod message;
pub mod name;
mod random;
pub mod session;

pub use random::RandomBytes;
