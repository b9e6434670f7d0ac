//! The engine: shards, sockets, routing, and the I/O of RTMP and WebRTC. The only crate with sockets, threads and clocks.

mod engine;
mod error;
mod flv_io;
mod mailbox;
mod options;
mod router;
mod rtmp_io;
mod shard;
mod shared;
mod snapshot;
mod transcoding;
pub mod webrtc;

pub use engine::{Engine, SessionAnswer};
pub use error::EngineError;
pub use mailbox::{
    Ask, AskKind, Closed, ConnectionUpdate, Decision, LogLevel, LogRecord, Mailbox, StreamUpdate, Updates, Wake,
};
pub use options::*;
pub use snapshot::{
    Addresses, AudioSnapshot, ConnectionSnapshot, Protocol, PublisherSnapshot, ShardHealth, StreamSnapshot,
    VideoSnapshot, VideoState,
};
