//! What viewers and publishers share: one ICE-lite, DTLS-SRTP peer connection without sockets (RFC 8445, RFC 5764).
//!
//! After every input the connection is drained into the outbox and the event queue, as the WebRTC library demands.

mod path;
mod restart;
mod state;

use super::crypto::identity;
use super::sdp::Chosen;
use super::setup::Negotiated;
use super::viewer::Feedback;
use path::Path;
pub use state::{CloseReason, PatchReply, SessionState};
pub(super) use state::{PeerEvent, StunOutcome, Transmit};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use str0m::ice::StunMessage;
use str0m::net::{Protocol, Receive};
use str0m::{Event, IceConnectionState, IceCreds, Input, Output, Rtc};

/// How long a peer may take from its offer to a working connection; slower ones are gone (no half-open sessions).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a connected peer may be without an authenticated STUN check: consent has then expired (RFC 7675).
const CONSENT_TIMEOUT: Duration = Duration::from_secs(30);
/// The most datagrams that wait for a socket; a peer that makes us answer faster than the socket takes loses the rest.
const MAX_OUTBOX: usize = 4_096;

/// See the module.
pub(in crate::webrtc) struct Peer {
    pub(in crate::webrtc) rtc: Rtc,
    chosen: Chosen,
    candidates: Vec<SocketAddr>,
    local: IceCreds,
    remote: IceCreds,
    previous: Option<(IceCreds, IceCreds)>,
    created: Instant,
    pub(in crate::webrtc) state: SessionState,
    pub(in crate::webrtc) since: Instant,
    last_heard: Instant,
    path: Path,
    timeout: Instant,
    outbox: VecDeque<Transmit>,
    events: VecDeque<PeerEvent>,
    pub(in crate::webrtc) remote_address: Option<SocketAddr>,
    pub(in crate::webrtc) bytes_in: u64,
    pub(in crate::webrtc) bytes_out: u64,
    pub(in crate::webrtc) packets_out: u64,
    /// Of `packets_out`, at the last feedback.
    reported_packets: u64,
    close_reported: bool,
}

impl Peer {
    pub(in crate::webrtc) fn new(negotiated: Negotiated, now: Instant) -> Self {
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
            path: Path::new(now),
            timeout: now,
            outbox: VecDeque::new(),
            events: VecDeque::new(),
            remote_address: None,
            bytes_in: 0,
            bytes_out: 0,
            packets_out: 0,
            reported_packets: 0,
            close_reported: false,
        }
    }

    /// The user fragment that finds this session; also its entity tag.
    pub(in crate::webrtc) fn ufrag(&self) -> &str {
        &self.local.ufrag
    }

    pub(in crate::webrtc) fn is_connected(&self) -> bool {
        self.state == SessionState::Connected
    }

    /// Checks a binding request and, when it is authentic, answers it.
    pub(in crate::webrtc) fn handle_stun(
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
            self.take_back(source);
            self.receive(now, source, destination, datagram);
            self.follow(now, source, message.use_candidate());
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
    pub(in crate::webrtc) fn receive(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: SocketAddr,
        datagram: &[u8],
    ) {
        if self.state == SessionState::Closed {
            return;
        }
        self.bytes_in = self.bytes_in.saturating_add(datagram.len() as u64);
        // What does not parse is dropped: anyone may send anything from a validated address.
        let Ok(receive) = Receive::new(Protocol::Udp, source, destination, datagram) else { return };
        self.input(now, Input::Receive(now, receive));
    }

    /// Lets the connection act on the time and on what was written to it.
    pub(in crate::webrtc) fn advance(&mut self, now: Instant) {
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
    pub(in crate::webrtc) fn drain(&mut self, now: Instant) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Transmit(transmit)) => {
                    // Everything but an answered check goes to the nominated address.
                    if transmit.contents.first().is_some_and(|first| *first >= 20) {
                        self.remote_address = Some(transmit.destination);
                    }
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
            Event::PeerStats(stats) => {
                let sent = self.packets_out.saturating_sub(self.reported_packets);
                self.reported_packets = self.packets_out;
                let feedback = Feedback { loss: stats.egress_loss_fraction, round_trip: stats.rtt, sent };
                self.events.push_back(PeerEvent::Feedback(feedback));
            }
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
    pub(in crate::webrtc) fn close_with(&mut self, now: Instant, reason: CloseReason) {
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

    pub(in crate::webrtc) fn handle_timeout(&mut self, now: Instant) {
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
    pub(in crate::webrtc) fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            SessionState::Connecting => Some(self.timeout.min(self.created + CONNECT_TIMEOUT)),
            SessionState::Connected => Some(self.timeout.min(self.last_heard + CONSENT_TIMEOUT)),
            SessionState::Closed => None,
        }
    }

    pub(in crate::webrtc) fn poll_transmit(&mut self) -> Option<Transmit> {
        self.outbox.pop_front()
    }

    pub(in crate::webrtc) fn poll_event(&mut self) -> Option<PeerEvent> {
        self.events.pop_front()
    }
}

#[cfg(test)]
impl Peer {
    /// Our user fragment, the peer's, and our password.
    pub(in crate::webrtc) fn secrets(&self) -> (String, String, String) {
        (self.local.ufrag.clone(), self.remote.ufrag.clone(), self.local.pass.clone())
    }
}
