//! What viewers and publishers share: one ICE-lite, DTLS-SRTP peer connection without sockets (RFC 8445, RFC 5764).
//!
//! After every input the connection is drained into the outbox and the event queue, as the WebRTC library demands.

use super::crypto::identity;
use super::sdp::{Chosen, IceFragment, MediaKind, SetupError, canonical_offer, fragment_answer};
use super::setup::{Negotiated, new_credentials};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use str0m::change::SdpOffer;
use str0m::ice::StunMessage;
use str0m::media::{Mid, SenderFeedback};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpPacket;
use str0m::{Event, IceConnectionState, IceCreds, Input, Output, Rtc};

/// How long a peer may take from its offer to a working connection; slower ones are gone (no half-open sessions).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a connected peer may be without an authenticated STUN check: consent has then expired (RFC 7675).
const CONSENT_TIMEOUT: Duration = Duration::from_secs(30);
/// The most datagrams that wait for a socket; a peer that makes us answer faster than the socket takes loses the rest.
const MAX_OUTBOX: usize = 4_096;

/// A datagram to send.
#[derive(Debug)]
pub struct Transmit {
    /// Where to.
    pub destination: SocketAddr,
    /// The datagram.
    pub contents: Vec<u8>,
}

/// Why a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloseReason {
    /// It never connected within 30 s.
    ConnectTimeout,
    /// The peer stopped answering.
    IceTimeout,
    /// The peer said goodbye.
    PeerClosed,
    /// The stream it watched ended.
    StreamEnded,
    /// The gateway removed it.
    Removed,
    /// It could not keep up for too long.
    Overrun,
    /// The connection broke: ICE, DTLS or SRTP refused to go on.
    Failed(String),
    /// A bug of ours; only this session ended.
    Panicked,
}

/// Where a session is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// ICE and DTLS have not finished.
    Connecting,
    /// Media flows.
    Connected,
    /// It is over.
    Closed,
}

impl std::fmt::Display for SessionState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Closed => "closed",
        })
    }
}

/// What happened in a peer connection.
#[derive(Debug)]
pub(super) enum PeerEvent {
    Connected,
    KeyframeRequested(Mid),
    Packet(Box<RtpPacket>),
    SenderReport(SenderFeedback),
    Closed(CloseReason),
}

/// What became of a STUN message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StunOutcome {
    /// Not authentic; nothing was answered.
    Rejected,
    /// Authentic with the present credentials.
    Current,
    /// Authentic with those from before an ICE restart.
    Previous,
}

/// An answered ICE fragment (RFC 9725 section 4.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchReply {
    /// The fragment with our new credentials when it was an ICE restart; nothing for trickled candidates.
    pub answer: Option<String>,
    /// The session's entity tag from now on, without quotes.
    pub etag: String,
}

/// See the module.
pub(super) struct Peer {
    pub(super) rtc: Rtc,
    chosen: Chosen,
    candidates: Vec<SocketAddr>,
    local: IceCreds,
    remote: IceCreds,
    previous: Option<(IceCreds, IceCreds)>,
    created: Instant,
    pub(super) state: SessionState,
    pub(super) since: Instant,
    last_heard: Instant,
    timeout: Instant,
    outbox: VecDeque<Transmit>,
    events: VecDeque<PeerEvent>,
    pub(super) remote_address: Option<SocketAddr>,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    pub(super) packets_out: u64,
    close_reported: bool,
}

impl Peer {
    pub(super) fn new(negotiated: Negotiated, now: Instant) -> Self {
        Self {
            rtc: negotiated.rtc,
            chosen: negotiated.chosen,
            candidates: negotiated.candidates,
            local: negotiated.local,
            remote: negotiated.remote,
            previous: None,
            created: now,
            state: SessionState::Connecting,
            since: now,
            last_heard: now,
            timeout: now,
            outbox: VecDeque::new(),
            events: VecDeque::new(),
            remote_address: None,
            bytes_in: 0,
            bytes_out: 0,
            packets_out: 0,
            close_reported: false,
        }
    }

    /// The user fragment that finds this session; also its entity tag.
    pub(super) fn ufrag(&self) -> &str {
        &self.local.ufrag
    }

    pub(super) fn is_connected(&self) -> bool {
        self.state == SessionState::Connected
    }

    /// Checks a binding request and, when it is authentic, answers it.
    pub(super) fn handle_stun(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: SocketAddr,
        datagram: &[u8],
        message: &StunMessage<'_>,
    ) -> StunOutcome {
        let (Some((local, remote)), Ok(identity)) = (message.split_username(), identity()) else {
            return StunOutcome::Rejected;
        };
        let hmac = |key: &[u8], parts: &[&[u8]]| identity.provider.sha1_hmac_provider.sha1_hmac(key, parts);
        if local == self.local.ufrag {
            if remote != self.remote.ufrag || !message.verify(self.local.pass.as_bytes(), hmac) {
                return StunOutcome::Rejected;
            }
            self.last_heard = now;
            self.receive(now, source, destination, datagram);
            return StunOutcome::Current;
        }
        let Some((old_local, old_remote)) = &self.previous else { return StunOutcome::Rejected };
        if local != old_local.ufrag || remote != old_remote.ufrag || !message.verify(old_local.pass.as_bytes(), hmac) {
            return StunOutcome::Rejected;
        }
        // The peer has not applied our restart yet: its consent checks on the old path are still answered.
        let reply = StunMessage::binding_reply(message.trans_id(), source);
        let mut buffer = vec![0; 256];
        if let Ok(length) = reply.to_bytes(Some(old_local.pass.as_bytes()), &mut buffer, hmac) {
            buffer.truncate(length);
            self.last_heard = now;
            self.send(Transmit { destination: source, contents: buffer });
        }
        StunOutcome::Previous
    }

    /// DTLS, SRTP or SRTCP from an address that ICE has validated.
    pub(super) fn receive(&mut self, now: Instant, source: SocketAddr, destination: SocketAddr, datagram: &[u8]) {
        if self.state == SessionState::Closed {
            return;
        }
        self.bytes_in = self.bytes_in.saturating_add(datagram.len() as u64);
        // What does not parse is dropped: anyone may send anything from a validated address.
        let Ok(receive) = Receive::new(Protocol::Udp, source, destination, datagram) else { return };
        self.input(now, Input::Receive(now, receive));
    }

    /// Lets the connection act on the time and on what was written to it.
    pub(super) fn advance(&mut self, now: Instant) {
        self.input(now, Input::Timeout(now));
    }

    fn input(&mut self, now: Instant, input: Input<'_>) {
        if self.state == SessionState::Closed {
            return;
        }
        if let Err(error) = self.rtc.handle_input(input) {
            self.fail(now, error.to_string());
        }
        self.drain(now);
    }

    /// Moves everything out of the connection.
    pub(super) fn drain(&mut self, now: Instant) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Transmit(transmit)) => {
                    self.remote_address = Some(transmit.destination);
                    self.send(Transmit { destination: transmit.destination, contents: transmit.contents.into() });
                }
                Ok(Output::Event(event)) => self.on_event(now, event),
                Ok(Output::Timeout(at)) => {
                    self.timeout = at;
                    break;
                }
                Err(error) => {
                    self.fail(now, error.to_string());
                    break;
                }
            }
        }
    }

    fn on_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Connected => {
                self.enter(now, SessionState::Connected);
                self.events.push_back(PeerEvent::Connected);
            }
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                self.close_with(now, CloseReason::IceTimeout);
            }
            Event::Closed => self.close_with(now, CloseReason::PeerClosed),
            Event::KeyframeRequest(request) => self.events.push_back(PeerEvent::KeyframeRequested(request.mid)),
            Event::RtpPacket(packet) => self.events.push_back(PeerEvent::Packet(Box::new(packet))),
            Event::SenderFeedback(feedback) => self.events.push_back(PeerEvent::SenderReport(feedback)),
            _ => {}
        }
    }

    fn send(&mut self, transmit: Transmit) {
        if self.outbox.len() >= MAX_OUTBOX {
            self.outbox.clear();
        }
        self.bytes_out = self.bytes_out.saturating_add(transmit.contents.len() as u64);
        self.packets_out = self.packets_out.saturating_add(1);
        self.outbox.push_back(transmit);
    }

    fn enter(&mut self, now: Instant, state: SessionState) {
        self.state = state;
        self.since = now;
    }

    fn fail(&mut self, now: Instant, reason: String) {
        self.close_with(now, CloseReason::Failed(reason));
    }

    /// Ends the session: says goodbye when there is somebody to say it to, and reports why, once.
    pub(super) fn close_with(&mut self, now: Instant, reason: CloseReason) {
        if std::mem::replace(&mut self.close_reported, true) {
            return;
        }
        let was_connected = self.is_connected();
        self.enter(now, SessionState::Closed);
        self.events.push_back(PeerEvent::Closed(reason));
        if was_connected && self.rtc.close().is_ok() {
            self.drain(now);
        }
        self.rtc.disconnect();
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        match self.state {
            SessionState::Connecting if now >= self.created + CONNECT_TIMEOUT => {
                self.close_with(now, CloseReason::ConnectTimeout);
            }
            SessionState::Connected if now >= self.last_heard + CONSENT_TIMEOUT => {
                self.close_with(now, CloseReason::IceTimeout);
            }
            SessionState::Closed => {}
            _ if now >= self.timeout => self.advance(now),
            _ => {}
        }
    }

    /// When [`Self::handle_timeout`] is due next.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            SessionState::Connecting => Some(self.timeout.min(self.created + CONNECT_TIMEOUT)),
            SessionState::Connected => Some(self.timeout.min(self.last_heard + CONSENT_TIMEOUT)),
            SessionState::Closed => None,
        }
    }

    pub(super) fn poll_transmit(&mut self) -> Option<Transmit> {
        self.outbox.pop_front()
    }

    pub(super) fn poll_event(&mut self) -> Option<PeerEvent> {
        self.events.pop_front()
    }

    /// Applies a fragment: trickled candidates need nothing (the peer's checks show its addresses), other credentials
    /// than before restart ICE. The old ones stay valid until the peer uses the new.
    pub(super) fn patch(&mut self, now: Instant, fragment: &IceFragment) -> Result<PatchReply, SetupError> {
        let restart = match &fragment.credentials {
            Some((ufrag, password)) if *ufrag != self.remote.ufrag || *password != self.remote.pass => {
                Some(IceCreds { ufrag: ufrag.clone(), pass: password.clone() })
            }
            _ => None,
        };
        let Some(remote) = restart else {
            return Ok(PatchReply { answer: None, etag: self.local.ufrag.clone() });
        };
        let internal = |reason: String| SetupError::Internal { reason };
        let local = new_credentials()?;
        let offer = canonical_offer(&self.chosen, &remote.ufrag, &remote.pass);
        let offer = SdpOffer::from_sdp_string(&offer).map_err(|e| internal(e.to_string()))?;
        self.rtc.sdp_api().accept_offer(offer).map_err(|e| internal(e.to_string()))?;
        self.rtc.direct_api().set_local_ice_credentials(local.clone());
        self.previous = Some((std::mem::replace(&mut self.local, local), std::mem::replace(&mut self.remote, remote)));
        self.drain(now);
        Ok(PatchReply { answer: Some(self.restart_answer()), etag: self.local.ufrag.clone() })
    }

    fn restart_answer(&self) -> String {
        let track = self.chosen.tracks.first();
        let kind = track.map_or("audio", |t| if t.kind == MediaKind::Video { "video" } else { "audio" });
        let (mid, payload) = track.map_or(("0", 0), |t| (t.mid.as_str(), t.payload));
        fragment_answer(mid, kind, payload, &self.local.ufrag, &self.local.pass, &self.candidates)
    }

    /// Forgets the credentials from before the last ICE restart; gives their user fragment.
    pub(super) fn forget_previous(&mut self) -> Option<String> {
        self.previous.take().map(|(local, _)| local.ufrag)
    }

    /// The user fragment from before the last ICE restart, while it is valid.
    pub(super) fn previous_ufrag(&self) -> Option<&str> {
        self.previous.as_ref().map(|(local, _)| local.ufrag.as_str())
    }
}

#[cfg(test)]
impl Peer {
    /// Our user fragment, the peer's, and our password.
    pub(super) fn secrets(&self) -> (String, String, String) {
        (self.local.ufrag.clone(), self.remote.ufrag.clone(), self.local.pass.clone())
    }
}
