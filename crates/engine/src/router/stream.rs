//! One stream: its publisher, what a late joiner needs, its RTMP players and its way to WebRTC viewers.

mod report;
mod track;

use super::gop::GopCache;
use super::key::StreamKey;
use super::outgoing::{Cached, Outgoing};
use super::player::Player;
use super::rtmp_audio::RtmpAudio;
use super::timeline::StreamTimeline;
use super::webrtc_output::WebrtcOutput;
use crate::mailbox::LogLevel;
use crate::shard::ShardState;
use crate::snapshot::Protocol;
use crate::transcoding::{Target, TranscodeId};
use crate::webrtc::{GopHint, SessionId, StreamMedia, VideoFormat};
use bytes::Bytes;
use rtmp_gateway_bridge::{Item, VideoState};
use rtmp_gateway_media::{CodecConfig, TrackKind, Unit};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use track::Track;

/// How long after a publisher's first unit a missing track is no longer waited for when a viewer asks what there is.
const TRACK_WAIT: Duration = Duration::from_millis(700);
/// Audio waits for a video frame only while video comes at least this often.
const VIDEO_PAUSE: Duration = Duration::from_millis(500);

/// Who publishes.
pub(crate) struct Publisher {
    pub protocol: Protocol,
    pub connection_id: u64,
    /// Unknown while a WebRTC publisher has not connected.
    pub remote: Option<SocketAddr>,
    /// The session of a WebRTC publisher.
    pub session: Option<SessionId>,
}

struct Live {
    publisher: Publisher,
    since_unix_ms: u64,
    since: Instant,
}

/// One stream; made by whoever comes first, publisher or player.
pub(crate) struct Stream {
    pub(crate) key: StreamKey,
    /// Names the stream towards the WebRTC side and the transcoder.
    pub(crate) id: u64,
    live: Option<Live>,
    /// Counts publishers: what an earlier one still delivers is stale.
    epoch: u64,
    ended_at: Option<Instant>,
    timeline: StreamTimeline,
    video: Option<Track>,
    audio: Option<Track>,
    metadata: Option<Bytes>,
    gop: GopCache<Rc<Cached>>,
    players: Vec<Player>,
    webrtc: Option<WebrtcOutput>,
    /// Sound for RTMP players when the source is Opus over WebRTC.
    rtmp_audio: RtmpAudio,
    /// Video minus audio against the source's sender reports, in microseconds.
    skew_micros: Option<i64>,
    last_unit: Option<Instant>,
    last_video: Option<Instant>,
    /// When audio that waits for the next video frame leaves at the latest.
    held_until: Option<Instant>,
    /// Instant of stream time 0.
    started: Option<Instant>,
    rejected: u64,
    dropped: u64,
    /// The log has been told about this publisher's B-frames.
    b_frames_logged: bool,
}

impl Stream {
    pub(crate) fn new(key: StreamKey, id: u64) -> Self {
        Self {
            key,
            id,
            live: None,
            epoch: 0,
            ended_at: None,
            timeline: StreamTimeline::default(),
            video: None,
            audio: None,
            metadata: None,
            gop: GopCache::new(),
            players: Vec::new(),
            webrtc: None,
            rtmp_audio: RtmpAudio::default(),
            skew_micros: None,
            last_unit: None,
            last_video: None,
            held_until: None,
            started: None,
            rejected: 0,
            dropped: 0,
            b_frames_logged: false,
        }
    }

    pub(crate) fn is_live(&self) -> bool {
        self.live.is_some()
    }

    /// Nobody publishes, plays or is remembered.
    pub(crate) fn is_unused(&self) -> bool {
        self.live.is_none() && self.players.is_empty() && self.webrtc.is_none()
    }

    /// Makes `publisher` the stream's publisher; its epoch, or `None` when the name is taken.
    pub(crate) fn publish(&mut self, now: Instant, publisher: Publisher, shard: &ShardState) -> Option<u64> {
        if self.live.is_some() {
            return None;
        }
        self.epoch += 1;
        let since_unix_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
        self.live = Some(Live { publisher, since_unix_ms, since: now });
        self.timeline.publisher_changed();
        self.gop.clear();
        self.video = None;
        self.audio = None;
        self.metadata = None;
        self.skew_micros = None;
        self.last_unit = Some(now);
        self.rtmp_audio.stop();
        self.rejected = 0;
        self.dropped = 0;
        self.b_frames_logged = false;
        if let Some(webrtc) = &mut self.webrtc {
            webrtc.publisher_changed();
        }
        self.ended_at = None;
        for player in &mut self.players {
            player.stream_started();
        }
        shard.shared.mailbox.stream(&self.key.room, &self.key.name, true);
        // Web players that wait are there before the first tag.
        shard.stream_changed.notify_waiters();
        Some(self.epoch)
    }

    /// Takes the name from its publisher for connection `by`, which publishes it next; viewers do not notice an end.
    /// The publisher that has to be told, or `None` when there is none or it is `by` itself.
    pub(crate) fn release_name(&mut self, by: u64) -> Option<Publisher> {
        let live = self.live.take_if(|live| live.publisher.connection_id != by)?;
        Some(live.publisher)
    }

    /// The publisher of `epoch` is gone; viewers stay for the grace time.
    pub(crate) fn unpublish(&mut self, now: Instant, epoch: u64, shard: &ShardState) {
        if epoch != self.epoch || self.live.take().is_none() {
            return;
        }
        self.ended_at = Some(now);
        shard.shared.mailbox.stream(&self.key.room, &self.key.name, false);
        shard.stream_changed.notify_waiters();
    }

    /// Counts a tag of the publisher that could not be used.
    pub(crate) fn reject(&mut self, epoch: u64) {
        if epoch == self.epoch {
            self.rejected += 1;
        }
    }

    /// Takes what the publisher of `epoch` sent and hands it to everyone.
    pub(crate) fn ingest(&mut self, now: Instant, epoch: u64, item: Item, shard: &ShardState) {
        if epoch != self.epoch || self.live.is_none() {
            return;
        }
        match item {
            Item::Config(config) => self.on_config(now, config, shard),
            Item::Metadata(body) => {
                for player in &mut self.players {
                    player.send_metadata(&body);
                    player.flush(now);
                }
                self.metadata = Some(body);
            }
            Item::Unit(unit) => self.on_unit(now, unit, shard),
            // An encoder's end of sequence comes with its unpublish, which is what counts.
            Item::EndOfSequence(_) => {}
        }
    }

    fn on_config(&mut self, now: Instant, config: Arc<CodecConfig>, shard: &ShardState) {
        let track = match config.kind() {
            TrackKind::Audio => &mut self.audio,
            TrackKind::Video => &mut self.video,
        };
        match track {
            Some(track) if track.config == config => return,
            Some(track) => track.config = config.clone(),
            None => *track = Some(Track::new(now, config.clone())),
        }
        if !self.needs_aac(&config) {
            self.send_configuration(now, &config);
        }
        shard.stream_changed.notify_waiters();
    }

    fn send_configuration(&mut self, now: Instant, config: &CodecConfig) {
        let message = Outgoing::configuration(config);
        for player in &mut self.players {
            player.send_configuration(&message);
            player.flush(now);
        }
    }

    /// RTMP players know no Opus that comes from browsers; Opus that came over RTMP is relayed as it is.
    fn needs_aac(&self, config: &CodecConfig) -> bool {
        let webrtc = self.live.as_ref().is_some_and(|live| live.publisher.protocol == Protocol::Webrtc);
        webrtc && matches!(config, CodecConfig::Opus(_))
    }

    fn on_unit(&mut self, now: Instant, mut unit: Unit, shard: &ShardState) {
        self.timeline.place(now, &mut unit);
        self.started.get_or_insert(now);
        let track = match unit.kind() {
            TrackKind::Audio => &mut self.audio,
            TrackKind::Video => &mut self.video,
        };
        track.get_or_insert_with(|| Track::new(now, unit.config.clone())).count(now, &unit);
        if let Some(webrtc) = &mut self.webrtc {
            webrtc.handle(&unit, shard);
        }
        self.last_unit = Some(now);
        if self.needs_aac(&unit.config) {
            self.rtmp_audio.handle(&unit, self.id, self.players.len(), shard);
            return;
        }
        self.send_to_players(now, unit, shard);
    }

    /// Sound that the transcoder made.
    pub(crate) fn handle_transcoded(&mut self, now: Instant, id: TranscodeId, unit: &Unit, shard: &ShardState) {
        match id.target {
            Target::Opus => {
                if let Some(webrtc) = &mut self.webrtc {
                    webrtc.handle_transcoded(id, unit, shard);
                }
            }
            Target::Aac => {
                if self.rtmp_audio.is_current(id) {
                    if self.rtmp_audio.is_new_config(&unit.config) {
                        self.send_configuration(now, &unit.config);
                    }
                    self.send_to_players(now, unit.clone(), shard);
                }
            }
        }
    }

    fn send_to_players(&mut self, now: Instant, unit: Unit, shard: &ShardState) {
        let outgoing = Outgoing::unit(&unit);
        let dropped = self.dropped;
        let hold = self.hold_audio(now, outgoing.kind, shard);
        for player in &mut self.players {
            self.dropped += player.send(now, &outgoing);
            if !hold {
                player.flush(now);
            }
        }
        if self.dropped > dropped {
            // Players that lost pictures resume at a keyframe: a WebRTC source can be asked for one.
            self.request_keyframe(shard);
        }
        self.gop.push(Rc::new(Cached { unit, outgoing }));
    }

    /// Whether a unit stays queued for the next video frame to share its write. Video never waits.
    fn hold_audio(&mut self, now: Instant, kind: TrackKind, shard: &ShardState) -> bool {
        if kind == TrackKind::Video {
            self.last_video = Some(now);
            self.held_until = None;
            return false;
        }
        let hold = shard.shared.options.audio_hold;
        let video = self.last_video.is_some_and(|at| now.saturating_duration_since(at) < VIDEO_PAUSE);
        if hold.is_zero() || !video || self.players.is_empty() {
            return false;
        }
        let until = *self.held_until.get_or_insert_with(|| {
            shard.audio_holds.add(now + hold, self.id);
            now + hold
        });
        shard.audio_holds.count();
        until > now
    }

    /// When the audio that waits now leaves at the latest.
    pub(crate) fn held_until(&self) -> Option<Instant> {
        self.held_until
    }

    /// Lets waiting audio go without a video frame.
    pub(crate) fn release_audio(&mut self, now: Instant) {
        self.held_until = None;
        for player in &self.players {
            player.flush(now);
        }
    }

    /// Asks a WebRTC source for a keyframe (throttled there); an RTMP source cannot be asked.
    pub(crate) fn request_keyframe(&self, shard: &ShardState) {
        if let Some(session) = self.live.as_ref().and_then(|live| live.publisher.session) {
            shard.webrtc.borrow_mut().request_keyframe(session);
        }
    }

    /// The source's measured skew of video against audio.
    pub(crate) fn set_skew(&mut self, epoch: u64, skew_micros: Option<i64>) {
        if epoch == self.epoch {
            self.skew_micros = skew_micros;
        }
    }

    /// Adds a player: it gets metadata, sequence headers and the cached group of pictures at once.
    pub(crate) fn add_player(&mut self, now: Instant, mut player: Player, shard: &ShardState) {
        if self.live.is_some() {
            if let Some(metadata) = &self.metadata {
                player.send_metadata(metadata);
            }
            if let Some(video) = &self.video {
                player.send_configuration(&Outgoing::configuration(&video.config));
            }
            let audio = self.audio.as_ref().map(|track| &track.config);
            let audio = audio.filter(|config| !self.needs_aac(config)).or(self.rtmp_audio.config());
            if let Some(audio) = audio {
                player.send_configuration(&Outgoing::configuration(audio));
            }
            if self.gop.iter().next().is_none() {
                self.request_keyframe(shard);
            }
            for cached in self.gop.iter() {
                player.send_start(&cached.outgoing);
            }
            player.end_start();
            player.flush(now);
        }
        self.players.push(player);
    }

    pub(crate) fn remove_player(&mut self, connection_id: u64, message_stream_id: u32) {
        self.players
            .retain(|player| player.connection_id != connection_id || player.message_stream_id() != message_stream_id);
    }

    pub(crate) fn player_mut(&mut self, connection_id: u64, message_stream_id: u32) -> Option<&mut Player> {
        self.players
            .iter_mut()
            .find(|player| player.connection_id == connection_id && player.message_stream_id() == message_stream_id)
    }

    /// Whether there is audio and video, once known: both, or one when the other has not shown up in time.
    pub(crate) fn tracks(&self, now: Instant) -> Option<(bool, bool)> {
        let live = self.live.as_ref()?;
        let (audio, video) = (self.audio.is_some(), self.video.is_some());
        let waited = now.saturating_duration_since(live.since) >= TRACK_WAIT;
        ((audio && video) || (waited && (audio || video))).then_some((audio, video))
    }

    /// What a WebRTC viewer can get, once known: both tracks, or one when the other has not shown up in time.
    pub(crate) fn media(&self, now: Instant) -> Option<StreamMedia> {
        self.tracks(now)?;
        let video = match self.video.as_ref().map(|track| &*track.config) {
            Some(CodecConfig::H264(config)) => Some(VideoFormat { profile_level_id: Some(config.profile_level_id()) }),
            Some(_) => None,
            // A track may still be added: keep a place for it.
            None => Some(VideoFormat::default()),
        };
        let audio = match self.audio.as_ref().map(|track| &*track.config) {
            Some(CodecConfig::Aac(_) | CodecConfig::Opus(_)) | None => true,
            Some(_) => false,
        };
        Some(StreamMedia { video, audio })
    }

    /// The stream's way to WebRTC viewers, made for the first of them.
    pub(crate) fn webrtc_output(&mut self, now: Instant) -> &mut WebrtcOutput {
        let epoch = self.started.unwrap_or(now);
        let (id, gop) = (self.id, &self.gop);
        self.webrtc.get_or_insert_with(|| WebrtcOutput::new(id, epoch, gop.iter()))
    }

    /// A viewer wants the current group of pictures.
    pub(crate) fn start_viewer(&self, id: SessionId, shard: &ShardState) {
        let Some(webrtc) = &self.webrtc else { return };
        let hint = self.video.as_ref().map_or_else(GopHint::default, |track| GopHint {
            height: track.config.as_h264().map(|config| config.height()),
            keyframe_due_in: match (track.last_keyframe, track.keyframe_interval) {
                // Overdue is unknown: an encoder with irregular keyframes may take long.
                (Some(last), Some(interval)) => interval.checked_sub(last.elapsed()),
                _ => None,
            },
        });
        webrtc.start_viewer(id, hint, shard);
    }

    pub(crate) fn remove_viewer(&mut self, id: SessionId) {
        if let Some(webrtc) = &mut self.webrtc {
            webrtc.viewers.remove(&id);
        }
    }

    /// Ends grace times; called about every 100 ms.
    pub(crate) fn tick(&mut self, now: Instant, shard: &ShardState) {
        let grace = shard.shared.options.publisher_grace;
        let grace_over = self.ended_at.is_some_and(|at| now.saturating_duration_since(at) >= grace);
        if grace_over {
            self.ended_at = None;
            for player in &mut self.players {
                player.stream_ended();
            }
            if self.webrtc.is_some() {
                shard.webrtc.borrow_mut().end_stream(self.id);
            }
            self.gop.clear();
        }
        if self.webrtc.as_mut().is_some_and(|webrtc| webrtc.expired(now)) {
            self.webrtc = None;
        }
        self.log_b_frames(shard);
        self.rtmp_audio.tick(now, self.timeline.present(now), self.players.len());
    }

    /// Says once for each publisher that browsers get less of its video than it sends, and what to do about it.
    fn log_b_frames(&mut self, shard: &ShardState) {
        let (Some(live), Some(webrtc)) = (&self.live, &self.webrtc) else { return };
        if self.b_frames_logged || webrtc.video_state() == VideoState::Full {
            return;
        }
        self.b_frames_logged = true;
        let message = format!(
            "{}/{} has B-frames, which browsers cannot take: they get part of its frames. Set B-frames to 0 in the encoder",
            self.key.room, self.key.name
        );
        shard.shared.log(LogLevel::Warn, "GW_B_FRAMES", Some(live.publisher.connection_id), message);
    }
}
