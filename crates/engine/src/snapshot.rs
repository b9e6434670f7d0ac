//! Plain values that describe the engine to the outside: streams, connections, shard health.

pub use rtmp_gateway_bridge::VideoState;
use std::net::SocketAddr;

/// Whether a stream comes in over RTMP or WebRTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// RTMP over TCP.
    Rtmp,
    /// WebRTC over UDP.
    Webrtc,
    /// FLV over HTTP.
    Flv,
}

/// A video track of a stream.
#[derive(Debug, Clone, Default)]
pub struct VideoSnapshot {
    /// `H264`, or an enhanced RTMP four-character code.
    pub codec: String,
    /// H.264 `profile_idc`.
    pub profile: Option<u8>,
    /// H.264 `level_idc`.
    pub level: Option<u8>,
    /// Cropped picture width in pixels, 0 when unknown.
    pub width: u32,
    /// Cropped picture height in pixels, 0 when unknown.
    pub height: u32,
    /// Frames a second over the last few seconds.
    pub fps: f64,
    /// Access units received.
    pub frames: u64,
    /// Keyframes received.
    pub keyframes: u64,
    /// Payload bytes received.
    pub bytes: u64,
    /// Bits a second over the last few seconds.
    pub bitrate: f64,
}

/// An audio track of a stream.
#[derive(Debug, Clone, Default)]
pub struct AudioSnapshot {
    /// `AAC`, `Opus` or another four-character code.
    pub codec: String,
    /// Samples a second.
    pub sample_rate: u32,
    /// 1 mono, 2 stereo.
    pub channels: u8,
    /// Frames received.
    pub frames: u64,
    /// Payload bytes received.
    pub bytes: u64,
    /// Bits a second over the last few seconds.
    pub bitrate: f64,
}

/// Who publishes a stream.
#[derive(Debug, Clone)]
pub struct PublisherSnapshot {
    /// How the stream comes in.
    pub protocol: Protocol,
    /// The connection's id.
    pub connection_id: u64,
    /// Where it comes from.
    pub remote_address: Option<SocketAddr>,
}

/// A live stream.
#[derive(Debug, Clone)]
pub struct StreamSnapshot {
    /// Room (RTMP app).
    pub room: String,
    /// Stream name in the room.
    pub name: String,
    /// Unix time in milliseconds at which its publisher was accepted.
    pub published_at_ms: u64,
    /// Who publishes.
    pub publisher: PublisherSnapshot,
    /// Video, once its configuration is known.
    pub video: Option<VideoSnapshot>,
    /// Audio, once its configuration is known.
    pub audio: Option<AudioSnapshot>,
    /// RTMP players now.
    pub players: u32,
    /// WebRTC viewers now.
    pub viewers: u32,
    /// Milliseconds by which video is ahead of audio at the source, by its sender reports; `None` until both tracks have one
    /// (RTMP sources have none).
    pub skew_ms: Option<f64>,
    /// Milliseconds since the publisher's last unit; a publisher that stopped sending shows here.
    pub idle_ms: u64,
    /// How much of the video WebRTC viewers get; `None` while there are none.
    pub webrtc_video: Option<VideoState>,
    /// Units from the publisher that could not be used (bad tags, units before a configuration).
    pub rejected_units: u64,
    /// Units that slow players and viewers missed, all together.
    pub dropped_units: u64,
    /// The shard it lives on.
    pub shard: u32,
}

/// A connection of either protocol.
#[derive(Debug, Clone)]
pub struct ConnectionSnapshot {
    /// Its id, unique in the process.
    pub id: u64,
    /// RTMP or WebRTC.
    pub protocol: Protocol,
    /// Name of its state.
    pub state: String,
    /// Milliseconds it has been in that state.
    pub state_since_ms: u64,
    /// Room, once known.
    pub room: Option<String>,
    /// Stream name, once known.
    pub name: Option<String>,
    /// Peer address.
    pub remote_address: Option<SocketAddr>,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Bytes that wait for the peer to take them; 0 for WebRTC, which has queues of its own.
    pub queued_bytes: u64,
    /// Milliseconds of media that wait for the peer to take them.
    pub queued_ms: u64,
    /// The shard it lives on.
    pub shard: u32,
}

/// How well a shard keeps up.
#[derive(Debug, Clone)]
pub struct ShardHealth {
    /// Index.
    pub shard: u32,
    /// How late its last heartbeat timer fired, in milliseconds.
    pub lag_ms: f64,
    /// Connections it owns.
    pub connections: u32,
    /// Streams it owns.
    pub streams: u32,
    /// Writes to RTMP and FLV sockets so far.
    pub writes: u64,
    /// Audio frames that waited for the next video frame to share its write.
    pub held_audio: u64,
    /// Times such a wait ended before a video frame came.
    pub expired_holds: u64,
}

/// Where the engine listens, ports resolved.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// RTMP.
    pub rtmp: SocketAddr,
    /// HTTP-FLV, when it is served.
    pub flv: Option<SocketAddr>,
    /// Congestion control of the RTMP and FLV listeners, read back; `None` where the system does not tell.
    pub tcp_congestion: Option<String>,
    /// WebRTC, by shard.
    pub webrtc: Vec<SocketAddr>,
}
