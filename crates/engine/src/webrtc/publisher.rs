//! One publisher (WHIP), without sockets: from datagrams to RTP packets in the order they came (RFC 9725).
//!
//! Decryption, repair by NACK and RTX, removal of duplicates and feedback are the connection's; ordering, frames and
//! clocks are for whoever takes the packets.

use super::PatchReply;
use super::peer::{CloseReason, Peer, PeerEvent, Transmit};
use super::sdp::{IceFragment, SetupError};
use super::setup::{PublisherSetup, Track};
use rtmp_gateway_media::TrackKind;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use str0m::media::{KeyframeRequestKind, Mid};
use str0m::rtp::RtpPacket;

/// A source is asked for a keyframe at most this often, however many want one: each costs it bitrate and quality.
const KEYFRAME_INTERVAL: Duration = Duration::from_millis(500);

/// An RTP packet of a publisher, decrypted, repaired and not a duplicate; not necessarily in order.
#[derive(Debug, Clone)]
pub struct ReceivedPacket {
    /// Of its video or of its audio.
    pub kind: TrackKind,
    /// The sequence number, extended beyond 16 bits.
    pub sequence: u64,
    /// The RTP timestamp: 90 kHz for video, 48 kHz for audio.
    pub timestamp: u32,
    /// The marker bit.
    pub marker: bool,
    /// The payload without padding.
    pub payload: Arc<[u8]>,
    /// When it arrived.
    pub received: Instant,
}

/// A sender report of a publisher (RFC 3550 section 6.4.1).
#[derive(Debug, Clone, Copy)]
pub struct ReceivedReport {
    /// Of its video or of its audio.
    pub kind: TrackKind,
    /// The publisher's wall clock.
    pub wallclock: SystemTime,
    /// The RTP timestamp of that moment.
    pub timestamp: u32,
    /// When it arrived.
    pub received: Instant,
}

/// What a publisher tells its table.
#[derive(Debug)]
pub(super) enum PublisherEvent {
    Connected,
    Packet(ReceivedPacket),
    Report(ReceivedReport),
    Closed(CloseReason),
}

/// See the module.
pub(super) struct Publisher {
    pub(super) peer: Peer,
    video: Option<Track>,
    audio: Option<Track>,
    keyframe_wanted: bool,
    last_request: Option<Instant>,
    events: VecDeque<PublisherEvent>,
    pub(super) packets_in: u64,
    pub(super) keyframe_requests: u64,
}

impl Publisher {
    pub(super) fn new(setup: PublisherSetup, now: Instant) -> Self {
        let negotiated = setup.negotiated;
        let (video, audio) = (negotiated.video, negotiated.audio);
        Self {
            peer: Peer::new(negotiated, now),
            video,
            audio,
            // The first picture may have been lost before the connection stood: ask at once.
            keyframe_wanted: video.is_some(),
            last_request: None,
            events: VecDeque::new(),
            packets_in: 0,
            keyframe_requests: 0,
        }
    }

    /// Asks the source for a keyframe, now or as soon as the interval allows.
    pub(super) fn request_keyframe(&mut self, now: Instant) {
        self.keyframe_wanted = self.video.is_some();
        self.ask(now);
    }

    fn request_due(&self) -> Option<Instant> {
        let wanted = self.keyframe_wanted && self.peer.is_connected();
        wanted.then(|| self.last_request.map_or(self.peer.since, |at| at + KEYFRAME_INTERVAL))
    }

    fn ask(&mut self, now: Instant) {
        let (Some(due), Some(track)) = (self.request_due(), self.video) else { return };
        if now < due {
            return;
        }
        let mut api = self.peer.rtc.direct_api();
        // Without SSRCs in the offer the stream is known from its first packet on.
        let Some(stream) = api.stream_rx_by_mid(track.mid, None) else { return };
        stream.request_keyframe(KeyframeRequestKind::Pli);
        self.keyframe_wanted = false;
        self.last_request = Some(now);
        self.keyframe_requests += 1;
        self.peer.advance(now);
    }

    fn kind_of(&self, mid: Mid) -> Option<TrackKind> {
        let is = |track: &Option<Track>| track.is_some_and(|t| t.mid == mid);
        if is(&self.video) { Some(TrackKind::Video) } else { is(&self.audio).then_some(TrackKind::Audio) }
    }

    fn on_packet(&mut self, packet: RtpPacket) {
        let payload = packet.header.payload_type;
        let is = |track: &Option<Track>| track.is_some_and(|t| t.payload == payload);
        let kind = if is(&self.video) {
            TrackKind::Video
        } else if is(&self.audio) {
            TrackKind::Audio
        } else {
            return;
        };
        self.packets_in += 1;
        self.events.push_back(PublisherEvent::Packet(ReceivedPacket {
            kind,
            sequence: *packet.seq_no,
            timestamp: packet.header.timestamp,
            marker: packet.header.marker,
            payload: packet.payload,
            received: packet.timestamp,
        }));
    }

    pub(super) fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        self.ask(now);
        self.peer.poll_transmit()
    }

    pub(super) fn poll_event(&mut self) -> Option<PublisherEvent> {
        while let Some(event) = self.peer.poll_event() {
            match event {
                PeerEvent::Connected => self.events.push_back(PublisherEvent::Connected),
                PeerEvent::Packet(packet) => self.on_packet(*packet),
                PeerEvent::SenderReport(report) => {
                    if let Some(kind) = self.kind_of(report.mid) {
                        self.events.push_back(PublisherEvent::Report(ReceivedReport {
                            kind,
                            wallclock: report.sender_info.ntp_time,
                            // RTP's 32 bits of what the library has put into 64.
                            timestamp: report.sender_info.rtp_time.numer() as u32,
                            received: report.received_at,
                        }));
                    }
                }
                PeerEvent::Closed(reason) => self.events.push_back(PublisherEvent::Closed(reason)),
                PeerEvent::KeyframeRequested(_) | PeerEvent::Feedback(_) => {}
            }
        }
        self.events.pop_front()
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.peer.handle_timeout(now);
        self.ask(now);
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        // A request that is overdue waits for the stream's first packet, not for the clock.
        let throttled = self.last_request.and_then(|_| self.request_due());
        self.peer.poll_timeout().into_iter().chain(throttled).min()
    }

    pub(super) fn patch(&mut self, now: Instant, fragment: &IceFragment) -> Result<PatchReply, SetupError> {
        self.peer.patch(now, fragment)
    }
}
