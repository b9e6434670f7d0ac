//! One viewer (WHEP), without sockets: from a stream's packetized units to its datagrams.
//!
//! Audio goes out live. Video starts with the group of pictures that the shard has cached, paced and dated by when it goes
//! out, live pictures queued behind. A group that replaces lost pictures keeps its timestamps.

mod clock;
mod congestion;
mod group;
mod queue;
mod track;

use super::peer::{CloseReason, Peer, PeerEvent, SessionState, Transmit};
use super::sdp::{IceFragment, SetupError};
use super::setup::ViewerSetup;
use super::{PacketizedUnit, PatchReply};
use clock::ReportClock;
use congestion::Congestion;
pub use congestion::Delivery;
pub(super) use congestion::Feedback;
pub use group::{GopHint, GopReason};
use group::{catch_up_speed, is_worth_sending};
use queue::{PacedQueue, Queued};
use rtmp_gateway_media::TrackKind;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use track::OutgoingTrack;

/// A viewer's keyframe requests count at most this often: one bad viewer must not tax the others.
const REQUEST_INTERVAL: Duration = Duration::from_secs(3);
/// The most audio packets that wait for the socket: two seconds of 20 ms packets. The oldest are dropped.
const MAX_AUDIO: usize = 100;
/// A viewer whose video stays over its bounds for this long is closed.
const OVERRUN_GRACE: Duration = Duration::from_secs(10);

/// What a viewer tells its table.
#[derive(Debug)]
pub(super) enum ViewerEvent {
    Connected,
    GopWanted(GopReason),
    Closed(CloseReason),
}

/// Where a viewer's video is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum VideoState {
    /// No picture yet: a group of pictures was asked for; a keyframe will do as well.
    Starting,
    /// Waits for the next keyframe.
    Waiting,
    /// Flows.
    Flowing,
}

/// See the module.
pub(super) struct Viewer {
    pub(super) peer: Peer,
    video: Option<OutgoingTrack>,
    audio: Option<OutgoingTrack>,
    clock: ReportClock,
    state: VideoState,
    queue: PacedQueue,
    waiting_audio: VecDeque<Arc<PacketizedUnit>>,
    last_request: Option<Instant>,
    over_since: Option<Instant>,
    congestion: Congestion,
    pub(super) feedback: Option<Feedback>,
    events: VecDeque<ViewerEvent>,
    pub(super) dropped_frames: u64,
    pub(super) dropped_audio: u64,
    pub(super) keyframe_requests: u64,
    /// Set by the test of panics.
    #[cfg(test)]
    pub(super) panics: bool,
}

impl Viewer {
    /// A viewer of a stream whose wall clock 0 is `epoch`.
    pub(super) fn new(setup: ViewerSetup, epoch: Instant, now: Instant) -> Self {
        let negotiated = setup.negotiated;
        let video = negotiated.video.map(|t| OutgoingTrack::new(t, 90_000));
        let audio = negotiated.audio.map(|t| OutgoingTrack::new(t, 48_000));
        Self {
            peer: Peer::new(negotiated, now),
            video,
            audio,
            clock: ReportClock::new(epoch),
            state: VideoState::Starting,
            queue: PacedQueue::default(),
            waiting_audio: VecDeque::new(),
            last_request: None,
            over_since: None,
            congestion: Congestion::new(),
            feedback: None,
            events: VecDeque::new(),
            dropped_frames: 0,
            dropped_audio: 0,
            keyframe_requests: 0,
            #[cfg(test)]
            panics: false,
        }
    }

    /// How much of the stream this viewer is sent.
    pub(super) fn delivery(&self) -> Delivery {
        self.congestion.delivery
    }

    /// A live unit of the stream.
    pub(super) fn push(&mut self, now: Instant, unit: &Arc<PacketizedUnit>) {
        #[cfg(test)]
        assert!(!self.panics, "a panic on purpose");
        if !self.peer.is_connected() {
            return;
        }
        match unit.kind {
            TrackKind::Audio if self.audio.is_some() => self.push_audio(unit),
            TrackKind::Video if self.video.is_some() => self.push_video(now, unit),
            _ => {}
        }
    }

    fn push_audio(&mut self, unit: &Arc<PacketizedUnit>) {
        if !unit.is_sendable() {
            self.dropped_audio += 1;
            return;
        }
        if self.waiting_audio.len() >= MAX_AUDIO {
            self.waiting_audio.pop_front();
            self.dropped_audio += 1;
        }
        self.waiting_audio.push_back(unit.clone());
    }

    fn push_video(&mut self, now: Instant, unit: &Arc<PacketizedUnit>) {
        if !unit.is_sendable() {
            self.dropped_frames += 1;
            self.wait_for_keyframe();
            return;
        }
        if self.congestion.delivery < Delivery::Full && (self.congestion.delivery == Delivery::Audio || !unit.keyframe)
        {
            self.state = VideoState::Waiting;
            self.dropped_frames += 1;
            return;
        }
        match (self.state, unit.keyframe) {
            (VideoState::Flowing, _) | (_, true) => {}
            (VideoState::Starting, false) => return,
            (VideoState::Waiting, false) => {
                self.dropped_frames += 1;
                return;
            }
        }
        self.state = VideoState::Flowing;
        let dropped = self.queue.push(unit);
        if dropped == 0 {
            return;
        }
        self.dropped_frames += dropped as u64;
        if self.queue.is_empty() {
            self.state = VideoState::Waiting;
        }
        let since = *self.over_since.get_or_insert(now);
        if now.saturating_duration_since(since) > OVERRUN_GRACE {
            self.peer.close_with(now, CloseReason::Overrun);
        }
    }

    fn wait_for_keyframe(&mut self) {
        self.state = VideoState::Waiting;
        self.dropped_frames += self.queue.clear() as u64;
    }

    /// The cached group of pictures, from its keyframe to the newest unit that was pushed; empty when there is none.
    /// Starts the video, or begins it anew after a keyframe request.
    pub(super) fn start_with_gop(&mut self, now: Instant, group: &[Arc<PacketizedUnit>], hint: GopHint) {
        if self.video.is_none() || !self.peer.is_connected() {
            return;
        }
        let group: Vec<_> = group.iter().filter(|u| u.kind == TrackKind::Video).cloned().collect();
        let reason = if self.state == VideoState::Starting { GopReason::Start } else { GopReason::Request };
        if !is_worth_sending(&group, reason, hint) || self.congestion.delivery < Delivery::Full {
            if self.state == VideoState::Flowing {
                self.wait_for_keyframe();
            }
            self.state = VideoState::Waiting;
            return;
        }
        // What replaces lost pictures keeps its times: newer ones have gone out already.
        self.queue.replay(now, &group, catch_up_speed(hint), reason == GopReason::Start);
        self.state = VideoState::Flowing;
        self.last_request = Some(now);
    }

    /// The stream's time line starts anew (another publisher): the viewer goes on at the next keyframe, without a jump
    /// of its own timestamps.
    pub(super) fn restart_time_line(&mut self, epoch: Instant) {
        self.clock = ReportClock::new(epoch);
        self.waiting_audio.clear();
        self.wait_for_keyframe();
        for track in [&mut self.video, &mut self.audio].into_iter().flatten() {
            track.rebase();
        }
    }

    /// The next datagram, if one may go now.
    pub(super) fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        loop {
            if let Some(transmit) = self.peer.poll_transmit() {
                return Some(transmit);
            }
            if !self.write_next(now) {
                return None;
            }
        }
    }

    /// Gives the next unit whose time has come to the connection.
    fn write_next(&mut self, now: Instant) -> bool {
        if !self.peer.is_connected() {
            return false;
        }
        let (track, Queued { unit, postponed }) = if let Some(unit) = self.waiting_audio.pop_front() {
            (&mut self.audio, Queued { unit, postponed: Duration::ZERO })
        } else if let Some(unit) = self.queue.pop(now) {
            if self.queue.is_empty() {
                self.over_since = None;
            }
            (&mut self.video, unit)
        } else {
            return false;
        };
        let wallclock = self.clock.at(unit.wallclock.saturating_add(postponed), now);
        if let Some(track) = track {
            track.write(&mut self.peer.rtc, now, &unit, postponed, wallclock);
            self.peer.advance(now);
        }
        true
    }

    /// Turns what happened in the connection into events; call it after every input.
    pub(super) fn poll_event(&mut self, now: Instant) -> Option<ViewerEvent> {
        while let Some(event) = self.peer.poll_event() {
            match event {
                PeerEvent::Connected => {
                    self.events.push_back(ViewerEvent::Connected);
                    if self.video.is_some() {
                        self.events.push_back(ViewerEvent::GopWanted(GopReason::Start));
                    }
                }
                PeerEvent::KeyframeRequested(mid) if self.video.as_ref().is_some_and(|v| v.track.mid == mid) => {
                    self.on_keyframe_request(now);
                }
                PeerEvent::Feedback(feedback) => {
                    self.feedback = Some(feedback);
                    if self.congestion.update(feedback) && self.state == VideoState::Flowing {
                        self.wait_for_keyframe();
                    }
                }
                PeerEvent::Closed(reason) => self.events.push_back(ViewerEvent::Closed(reason)),
                PeerEvent::KeyframeRequested(_) | PeerEvent::Packet(_) | PeerEvent::SenderReport(_) => {}
            }
        }
        self.events.pop_front()
    }

    fn on_keyframe_request(&mut self, now: Instant) {
        self.keyframe_requests += 1;
        let recent = self.last_request.is_some_and(|at| now.saturating_duration_since(at) < REQUEST_INTERVAL);
        // While a group of pictures is on its way, or a keyframe is waited for anyway, there is nothing to ask.
        let thinned = self.congestion.delivery < Delivery::Full;
        if recent || thinned || self.state != VideoState::Flowing || self.queue.is_paced() {
            return;
        }
        self.last_request = Some(now);
        self.events.push_back(ViewerEvent::GopWanted(GopReason::Request));
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.peer.handle_timeout(now);
    }

    /// When there is something to do without input: a timer, or a paced picture.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let peer = self.peer.poll_timeout();
        let paced = self.queue.next_due().filter(|_| self.peer.state == SessionState::Connected);
        peer.into_iter().chain(paced).min()
    }

    /// Applies an ICE fragment.
    pub(super) fn patch(&mut self, now: Instant, fragment: &IceFragment) -> Result<PatchReply, SetupError> {
        let reply = self.peer.patch(now, fragment);
        // The renegotiation makes sending streams anew where none is declared yet; ours come with the first packet.
        for track in [&self.video, &self.audio].into_iter().flatten().filter(|t| !t.is_declared()) {
            let mut api = self.peer.rtc.direct_api();
            if let Some(ssrc) = api.stream_tx_by_mid(track.track.mid, None).map(|s| s.ssrc()) {
                api.remove_stream_tx(ssrc);
            }
        }
        reply
    }
}
