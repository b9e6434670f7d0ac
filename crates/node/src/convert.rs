//! Conversions between the engine's values and the plain objects of JavaScript.

use crate::types::*;
use rtmp_gateway_engine as engine;

/// Counters and ids stay far below 2^53 in any life of a process.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// An engine error as JavaScript sees it: `GW_CODE: text`.
pub(crate) fn error(error: &engine::EngineError) -> napi::Error {
    napi::Error::from_reason(format!("{}: {error}", error.code()))
}

fn protocol(protocol: engine::Protocol) -> String {
    match protocol {
        engine::Protocol::Rtmp => "rtmp",
        engine::Protocol::Webrtc => "webrtc",
        engine::Protocol::Flv => "flv",
    }
    .to_owned()
}

impl TryFrom<EngineOptions> for engine::EngineOptions {
    type Error = engine::EngineError;

    fn try_from(options: EngineOptions) -> Result<Self, Self::Error> {
        let address = |text: &String| {
            text.parse().map_err(|_| engine::EngineError::BadOption(format!("{text:?} is not an IP address")))
        };
        let default = Self::default();
        Ok(Self {
            host: address(&options.host)?,
            rtmp_port: options.rtmp_port,
            webrtc_port: options.webrtc_port,
            shards: options.shards as usize,
            public_ips: options.public_ips.iter().map(address).collect::<Result<_, _>>()?,
            decision_timeout: options
                .decision_timeout_ms
                .map_or(default.decision_timeout, |ms| std::time::Duration::from_millis(ms.into())),
            flv_port: options.flv_port,
            audio_hold: options
                .audio_hold_ms
                .map_or(default.audio_hold, |ms| std::time::Duration::from_millis(ms.into())),
            nagle: options.nagle.unwrap_or(default.nagle),
            tcp_congestion: options.tcp_congestion.unwrap_or(default.tcp_congestion),
            publisher_grace: default.publisher_grace,
            player_grace: default.player_grace,
        })
    }
}

impl From<std::net::SocketAddr> for SocketAddress {
    fn from(address: std::net::SocketAddr) -> Self {
        Self { host: address.ip().to_string(), port: address.port() }
    }
}

impl From<&engine::Addresses> for EngineAddresses {
    fn from(addresses: &engine::Addresses) -> Self {
        Self {
            rtmp: addresses.rtmp.into(),
            flv: addresses.flv.map(Into::into),
            tcp_congestion: addresses.tcp_congestion.clone(),
            webrtc: addresses.webrtc.iter().map(|&address| address.into()).collect(),
        }
    }
}

impl From<engine::Ask> for Ask {
    fn from(ask: engine::Ask) -> Self {
        let kind = match ask.kind {
            engine::AskKind::Publish => "publish",
            engine::AskKind::Play => "play",
        };
        Self {
            connection_id: number(ask.connection_id),
            generation: number(ask.generation),
            kind: kind.to_owned(),
            protocol: protocol(ask.protocol),
            room: ask.room,
            name: ask.name,
            query: ask.query,
            tc_url: ask.tc_url,
            remote_address: ask.remote_address.to_string(),
        }
    }
}

impl From<engine::Updates> for Updates {
    fn from(updates: engine::Updates) -> Self {
        let connection = |update: engine::ConnectionUpdate| ConnectionUpdate {
            connection_id: number(update.connection_id),
            ask: update.ask.map(Into::into),
            closed: update.closed.map(|closed| ClosedInfo { code: closed.code.to_owned(), reason: closed.reason }),
        };
        let stream = |update: engine::StreamUpdate| StreamUpdate {
            room: update.room,
            name: update.name,
            state: if update.live { "live" } else { "ended" }.to_owned(),
        };
        let log = |record: engine::LogRecord| LogRecord {
            level: match record.level {
                engine::LogLevel::Debug => "debug",
                engine::LogLevel::Info => "info",
                engine::LogLevel::Warn => "warn",
                engine::LogLevel::Error => "error",
            }
            .to_owned(),
            code: record.code.to_owned(),
            message: record.message,
            connection_id: record.connection_id.map(number),
        };
        Self {
            connections: updates.connections.into_iter().map(connection).collect(),
            streams: updates.streams.into_iter().map(stream).collect(),
            logs: updates.logs.into_iter().map(log).collect(),
            dropped_logs: number(updates.dropped_logs),
        }
    }
}

impl From<Decision> for engine::Decision {
    fn from(decision: Decision) -> Self {
        Self {
            accept: decision.accept,
            code: decision.code,
            description: decision.description,
            take_over: decision.take_over.unwrap_or(false),
        }
    }
}

impl From<engine::StreamSnapshot> for StreamSnapshot {
    fn from(stream: engine::StreamSnapshot) -> Self {
        let video = |video: engine::VideoSnapshot| VideoSnapshot {
            codec: video.codec,
            profile: video.profile.map(Into::into),
            level: video.level.map(Into::into),
            width: video.width,
            height: video.height,
            fps: video.fps,
            frames: number(video.frames),
            keyframes: number(video.keyframes),
            bytes: number(video.bytes),
            bitrate: video.bitrate,
        };
        let audio = |audio: engine::AudioSnapshot| AudioSnapshot {
            codec: audio.codec,
            sample_rate: audio.sample_rate,
            channels: audio.channels.into(),
            frames: number(audio.frames),
            bytes: number(audio.bytes),
            bitrate: audio.bitrate,
        };
        Self {
            room: stream.room,
            name: stream.name,
            published_at_ms: stream.published_at_ms as f64,
            publisher: PublisherSnapshot {
                kind: protocol(stream.publisher.protocol),
                connection_id: number(stream.publisher.connection_id),
                remote_address: stream.publisher.remote_address.map(|address| address.to_string()),
            },
            skew_ms: stream.skew_ms,
            idle_ms: stream.idle_ms as f64,
            webrtc_video: stream.webrtc_video.map(|state| state.to_string()),
            video: stream.video.map(video),
            audio: stream.audio.map(audio),
            players: stream.players,
            viewers: stream.viewers,
            rejected_units: number(stream.rejected_units),
            dropped_units: number(stream.dropped_units),
            shard: stream.shard,
        }
    }
}

impl From<engine::ConnectionSnapshot> for ConnectionSnapshot {
    fn from(connection: engine::ConnectionSnapshot) -> Self {
        Self {
            id: number(connection.id),
            protocol: protocol(connection.protocol),
            state: connection.state,
            state_since_ms: connection.state_since_ms as f64,
            room: connection.room,
            name: connection.name,
            remote_address: connection.remote_address.map(|address| address.to_string()),
            bytes_in: number(connection.bytes_in),
            bytes_out: number(connection.bytes_out),
            queued_bytes: number(connection.queued_bytes),
            queued_ms: number(connection.queued_ms),
            shard: connection.shard,
        }
    }
}

impl From<engine::ShardHealth> for ShardHealth {
    fn from(health: engine::ShardHealth) -> Self {
        Self {
            shard: health.shard,
            lag_ms: health.lag_ms,
            connections: health.connections,
            streams: health.streams,
            writes: number(health.writes),
            held_audio: number(health.held_audio),
            expired_holds: number(health.expired_holds),
        }
    }
}

impl From<engine::SessionAnswer> for SessionAnswer {
    fn from(answer: engine::SessionAnswer) -> Self {
        Self { session_id: answer.session_id, answer: answer.answer, etag: answer.etag }
    }
}

impl From<engine::webrtc::PatchReply> for PatchAnswer {
    fn from(reply: engine::webrtc::PatchReply) -> Self {
        Self { answer: reply.answer, etag: reply.etag }
    }
}
