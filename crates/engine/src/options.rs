//! What the engine is started with, and the named limits that bound what strangers can make it hold.

use crate::EngineError;
use std::net::IpAddr;
use std::time::Duration;

/// Connections in total: each costs a descriptor and a few KiB; beyond it new sockets are closed at once, so that a flood
/// of connects cannot exhaust the descriptors that live sessions need.
pub const MAX_CONNECTIONS: usize = 20_000;
/// Connections from one address: half-open floods come from few addresses, while many phones share a carrier's address.
pub const MAX_CONNECTIONS_PER_ADDRESS: usize = 10_000;
/// Publish and play requests waiting for a decision: a stalled decider must not turn into unbounded memory.
pub const MAX_PENDING_ASKS: usize = 1_024;
/// How long a publish or play request waits for its decision before it is refused.
pub const DECISION_TIMEOUT: Duration = Duration::from_secs(3);
/// How long viewers stay when their publisher vanishes: a phone that changes network is back within it.
pub const PUBLISHER_GRACE: Duration = Duration::from_secs(15);
/// How long a player may stay over its queue's bound before it is closed: longer than a mobile link's usual stall, short
/// enough that 2 MiB for each of many stalled readers are not held for long.
pub const PLAYER_GRACE: Duration = Duration::from_secs(10);
/// How long audio waits for the next video frame to share its write: a frame of 25 fps video is at most that far away.
pub const AUDIO_HOLD: Duration = Duration::from_millis(40);
/// Longest audio hold: beyond it lips and sound part visibly in players without a buffer.
pub const MAX_AUDIO_HOLD: Duration = Duration::from_millis(500);
/// Congestion control asked for: keeps live video flowing through random loss, where CUBIC falls seconds behind.
pub const TCP_CONGESTION: &str = "bbr";
/// WHEP and HTTP-FLV requests that wait for a stream to appear, per shard.
pub const MAX_WAITING_VIEWERS: usize = 1_024;
/// Longest wait for a stream to appear, whatever the request says.
pub const MAX_WAIT: Duration = Duration::from_secs(30);
/// WebRTC sessions per shard; each holds about 25 KiB and a place in the demultiplexer.
pub const MAX_WEBRTC_SESSIONS: usize = 4_096;
/// Streams per shard, waiting ones (players without publisher) included.
pub const MAX_STREAMS: usize = 16_384;
/// Shards at most; more threads than this only add wake-ups.
pub const MAX_SHARDS: usize = 64;
/// Commands queued to one shard; beyond it callers get `GW_BUSY` instead of a growing queue.
pub const MAX_COMMANDS: usize = 4_096;

/// How to start an engine.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Address that the RTMP and WebRTC sockets bind to.
    pub host: IpAddr,
    /// RTMP port; 0 picks a free one.
    pub rtmp_port: u16,
    /// UDP port of shard 0; shard `n` uses the port plus `n`. 0 picks a free one for each shard.
    pub webrtc_port: u16,
    /// Threads that own connections, 1 to [`MAX_SHARDS`].
    pub shards: usize,
    /// Addresses to advertise to WebRTC peers instead of the local ones.
    pub public_ips: Vec<IpAddr>,
    /// How long a publish or play request waits for its decision.
    pub decision_timeout: Duration,
    /// HTTP-FLV port; 0 picks a free one, `None` serves no HTTP-FLV.
    pub flv_port: Option<u16>,
    /// How long viewers stay when their publisher vanishes, before they are told that the stream has ended.
    pub publisher_grace: Duration,
    /// How long a player may stay over its queue's bound, or take nothing at all, before it is closed as too slow.
    pub player_grace: Duration,
    /// How long audio waits for the next video frame to share its write; zero sends it at once.
    pub audio_hold: Duration,
    /// Leave small writes to be merged by the kernel (Nagle's algorithm): cheaper, at the price of delay.
    pub nagle: bool,
    /// TCP congestion control asked for on the listeners; the kernel's default stays where it refuses.
    pub tcp_congestion: String,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            host: IpAddr::from([127, 0, 0, 1]),
            rtmp_port: 1935,
            webrtc_port: 8189,
            shards: 1,
            public_ips: Vec::new(),
            decision_timeout: DECISION_TIMEOUT,
            flv_port: None,
            publisher_grace: PUBLISHER_GRACE,
            player_grace: PLAYER_GRACE,
            audio_hold: AUDIO_HOLD,
            nagle: false,
            tcp_congestion: TCP_CONGESTION.to_owned(),
        }
    }
}

impl EngineOptions {
    /// Checks ranges that the operating system would not.
    pub(crate) fn validate(&self) -> Result<(), EngineError> {
        if self.shards == 0 || self.shards > MAX_SHARDS {
            return Err(EngineError::BadOption(format!("shards must be 1 to {MAX_SHARDS}, not {}", self.shards)));
        }
        if self.webrtc_port != 0 && usize::from(self.webrtc_port) + self.shards - 1 > usize::from(u16::MAX) {
            return Err(EngineError::BadOption(format!(
                "webrtc port {} leaves no room for {} shards below 65536",
                self.webrtc_port, self.shards
            )));
        }
        if self.decision_timeout.is_zero() || self.decision_timeout > Duration::from_secs(30) {
            return Err(EngineError::BadOption("decision timeout must be 1 ms to 30 s".into()));
        }
        if self.audio_hold > MAX_AUDIO_HOLD {
            let most = MAX_AUDIO_HOLD.as_millis();
            return Err(EngineError::BadOption(format!("the audio hold must be 0 to {most} ms")));
        }
        Ok(())
    }
}
