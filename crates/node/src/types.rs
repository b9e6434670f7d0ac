//! The plain objects that cross the boundary; their names and docs become `index.d.ts`.

use napi_derive::napi;

/// How to start an engine.
#[napi(object, object_to_js = false)]
pub struct EngineOptions {
    /// Address that the RTMP and WebRTC sockets bind to.
    pub host: String,
    /// RTMP port; 0 picks a free one.
    pub rtmp_port: u16,
    /// UDP port of shard 0 (shard n uses the port plus n); 0 picks free ones.
    pub webrtc_port: u16,
    /// Threads that own connections: 1 to 64.
    pub shards: u32,
    /// Addresses to advertise to WebRTC peers instead of the local ones.
    pub public_ips: Vec<String>,
    /// How long a publish or play request waits for its decision, in ms; 3000 by default.
    pub decision_timeout_ms: Option<u32>,
    /// HTTP-FLV port; 0 picks a free one, absent serves no HTTP-FLV.
    pub flv_port: Option<u16>,
    /// How long audio for RTMP and FLV players waits for the next video frame to share its write, in ms; 40 by default, 0 sends
    /// it at once.
    pub audio_hold_ms: Option<u32>,
    /// Leave small RTMP and FLV writes to be merged by the kernel (Nagle's algorithm).
    pub nagle: Option<bool>,
    /// TCP congestion control asked for on the RTMP and FLV listeners; `bbr` by default.
    pub tcp_congestion: Option<String>,
}

/// An address the engine listens on.
#[napi(object, object_from_js = false)]
pub struct SocketAddress {
    /// IP address.
    pub host: String,
    /// Port, never 0.
    pub port: u16,
}

/// Where the engine listens.
#[napi(object, object_from_js = false)]
pub struct EngineAddresses {
    /// RTMP over TCP.
    pub rtmp: SocketAddress,
    /// FLV over HTTP, when it is served.
    pub flv: Option<SocketAddress>,
    /// TCP congestion control of the RTMP and FLV listeners as the kernel reports it.
    pub tcp_congestion: Option<String>,
    /// WebRTC over UDP, by shard.
    pub webrtc: Vec<SocketAddress>,
}

/// A connection's request that waits for a decision.
#[napi(object, object_from_js = false)]
pub struct Ask {
    /// The connection that asks.
    pub connection_id: i64,
    /// Counts the connection's requests; goes back with the decision.
    pub generation: i64,
    /// What it wants to do.
    #[napi(ts_type = "'publish' | 'play'")]
    pub kind: String,
    /// How it would send or receive.
    #[napi(ts_type = "'rtmp' | 'flv'")]
    pub protocol: String,
    /// RTMP app without its query: the room.
    pub room: String,
    /// Stream name without its query.
    pub name: String,
    /// Query strings of app and name, joined by `&`, as sent.
    pub query: String,
    /// The client's `tcUrl`, as sent.
    pub tc_url: String,
    /// The peer's address and port.
    pub remote_address: String,
}

/// Why a connection is gone.
#[napi(object, object_from_js = false)]
pub struct ClosedInfo {
    /// Stable code.
    pub code: String,
    /// Details; peers' strings in it are escaped.
    pub reason: String,
}

/// News of one connection.
#[napi(object, object_from_js = false)]
pub struct ConnectionUpdate {
    /// The connection.
    pub connection_id: i64,
    /// Set when it waits for a decision.
    pub ask: Option<Ask>,
    /// Set when it is gone; nothing more follows.
    pub closed: Option<ClosedInfo>,
}

/// News of one stream: its latest state.
#[napi(object, object_from_js = false)]
pub struct StreamUpdate {
    /// Room.
    pub room: String,
    /// Name.
    pub name: String,
    /// Whether it has a publisher now.
    #[napi(ts_type = "'live' | 'ended'")]
    pub state: String,
}

/// A line for the log.
#[napi(object, object_from_js = false)]
pub struct LogRecord {
    /// How much it matters.
    #[napi(ts_type = "'debug' | 'info' | 'warn' | 'error'")]
    pub level: String,
    /// Stable code.
    pub code: String,
    /// Text; peers' strings in it are escaped.
    pub message: String,
    /// The connection it is about.
    pub connection_id: Option<i64>,
}

/// Everything new since the last drain.
#[napi(object, object_from_js = false)]
pub struct Updates {
    /// By connection.
    pub connections: Vec<ConnectionUpdate>,
    /// By stream.
    pub streams: Vec<StreamUpdate>,
    /// In order.
    pub logs: Vec<LogRecord>,
    /// Log records that did not fit since the last drain.
    pub dropped_logs: i64,
}

/// The answer to an ask.
#[napi(object, object_to_js = false)]
pub struct Decision {
    /// Whether the connection may.
    pub accept: bool,
    /// `NetStream.*` code of a refusal.
    pub code: Option<String>,
    /// Reason of a refusal, for people.
    pub description: Option<String>,
    /// Of an accepted publish: end the publisher that the name has now, if any.
    pub take_over: Option<bool>,
}

/// Who publishes a stream.
#[napi(object, object_from_js = false)]
pub struct PublisherSnapshot {
    /// How it comes in.
    #[napi(ts_type = "'rtmp' | 'webrtc'")]
    pub kind: String,
    /// Its connection.
    pub connection_id: i64,
    /// The peer's address and port; absent while a WebRTC publisher has not connected.
    pub remote_address: Option<String>,
}

/// A video track.
#[napi(object, object_from_js = false)]
pub struct VideoSnapshot {
    /// `H264`, or a four-character code.
    pub codec: String,
    /// H.264 profile_idc.
    pub profile: Option<u32>,
    /// H.264 level_idc.
    pub level: Option<u32>,
    /// Pixels; 0 when unknown.
    pub width: u32,
    /// Pixels; 0 when unknown.
    pub height: u32,
    /// Frames a second over the last two seconds.
    pub fps: f64,
    /// Access units received.
    pub frames: i64,
    /// Keyframes received.
    pub keyframes: i64,
    /// Payload bytes received.
    pub bytes: i64,
    /// Bits a second over the last two seconds.
    pub bitrate: f64,
}

/// An audio track.
#[napi(object, object_from_js = false)]
pub struct AudioSnapshot {
    /// `AAC`, `Opus`, or a four-character code.
    pub codec: String,
    /// Samples a second.
    pub sample_rate: u32,
    /// 1 mono, 2 stereo.
    pub channels: u32,
    /// Frames received.
    pub frames: i64,
    /// Payload bytes received.
    pub bytes: i64,
    /// Bits a second over the last two seconds.
    pub bitrate: f64,
}

/// A live stream.
#[napi(object, object_from_js = false)]
pub struct StreamSnapshot {
    /// Room.
    pub room: String,
    /// Name.
    pub name: String,
    /// Unix time in ms at which the publisher was accepted.
    pub published_at_ms: f64,
    /// Who publishes.
    pub publisher: PublisherSnapshot,
    /// Video, once known.
    pub video: Option<VideoSnapshot>,
    /// Audio, once known.
    pub audio: Option<AudioSnapshot>,
    /// RTMP players now.
    pub players: u32,
    /// WebRTC viewers now.
    pub viewers: u32,
    /// Milliseconds by which video is ahead of audio at the source, by its sender reports; absent until both tracks have one.
    pub skew_ms: Option<f64>,
    /// Milliseconds since the publisher's last unit.
    pub idle_ms: f64,
    /// How much of the video WebRTC viewers get: all, all but its B-frames, or keyframes alone (the encoder should be set to
    /// make no B-frames). Absent while there are no viewers.
    #[napi(ts_type = "'full' | 'reduced' | 'keyframes-only'")]
    pub webrtc_video: Option<String>,
    /// Units from the publisher that could not be used.
    pub rejected_units: i64,
    /// Units that slow players and viewers missed, all together.
    pub dropped_units: i64,
    /// The shard it lives on.
    pub shard: u32,
}

/// A connection of either protocol.
#[napi(object, object_from_js = false)]
pub struct ConnectionSnapshot {
    /// Unique in the process.
    pub id: i64,
    /// Protocol.
    #[napi(ts_type = "'rtmp' | 'webrtc' | 'flv'")]
    pub protocol: String,
    /// Name of its state.
    pub state: String,
    /// Milliseconds it has been in that state.
    pub state_since_ms: f64,
    /// Room, once known.
    pub room: Option<String>,
    /// Stream name, once known.
    pub name: Option<String>,
    /// The peer's address and port, once known.
    pub remote_address: Option<String>,
    /// Bytes received.
    pub bytes_in: i64,
    /// Bytes sent.
    pub bytes_out: i64,
    /// Bytes that wait for the peer to take them; 0 for WebRTC.
    pub queued_bytes: i64,
    /// Milliseconds of media that wait for the peer to take them.
    pub queued_ms: i64,
    /// The shard it lives on.
    pub shard: u32,
}

/// How well a shard keeps up.
#[napi(object, object_from_js = false)]
pub struct ShardHealth {
    /// Index.
    pub shard: u32,
    /// Worst lateness of its timer in the last second, in ms.
    pub lag_ms: f64,
    /// RTMP and FLV connections it owns.
    pub connections: u32,
    /// Live streams it owns.
    pub streams: u32,
    /// Writes to RTMP and FLV sockets so far.
    pub writes: i64,
    /// Audio frames that waited for the next video frame to share its write.
    pub held_audio: i64,
    /// Times such a wait ended before a video frame came.
    pub expired_holds: i64,
}

/// A WHEP request.
#[napi(object, object_to_js = false)]
pub struct ViewerRequest {
    /// Room.
    pub room: String,
    /// Stream name.
    pub name: String,
    /// SDP offer.
    pub offer: String,
    /// How long to wait for the stream to appear, in ms, at most 30000.
    pub wait_ms: u32,
}

/// A WHIP request.
#[napi(object, object_to_js = false)]
pub struct PublisherRequest {
    /// Room.
    pub room: String,
    /// Stream name.
    pub name: String,
    /// SDP offer.
    pub offer: String,
    /// The HTTP client's address, shown with the stream.
    pub remote_address: Option<String>,
}

/// A WHEP or WHIP session.
#[napi(object, object_from_js = false)]
pub struct SessionAnswer {
    /// Unguessable name of the session.
    pub session_id: String,
    /// SDP answer.
    pub answer: String,
    /// Entity tag of the ICE session.
    pub etag: String,
}

/// What a PATCH did.
#[napi(object, object_from_js = false)]
pub struct PatchAnswer {
    /// The SDP fragment of an ICE restart; absent for trickled candidates.
    pub answer: Option<String>,
    /// Entity tag of the ICE session now.
    pub etag: String,
}
