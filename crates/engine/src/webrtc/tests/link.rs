//! The world of a test: virtual time, a link with delay and chosen losses, a browser, a shard's sessions.

use super::*;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, KeyframeRequestKind, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpPacket, RtpWrite};
use str0m::{Candidate, Event as RtcEvent, Input, Output, Rtc};

pub(super) const SERVER: &str = "10.0.0.1:8189";
pub(super) const BROWSER: &str = "10.0.0.2:5000";

pub(super) fn address(text: &str) -> SocketAddr {
    text.parse().expect("address")
}

/// A received packet, when it came.
pub(super) struct Received {
    pub(super) at: Duration,
    pub(super) packet: RtpPacket,
}

impl Received {
    /// The unit's index that the tests write into each payload.
    pub(super) fn index(&self) -> u64 {
        self.packet.payload.get(..8).and_then(|b| b.try_into().ok()).map(u64::from_be_bytes).expect("payload")
    }
}

pub(super) struct Browser {
    pub(super) rtc: Rtc,
    pub(super) video: Mid,
    pub(super) audio: Mid,
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) received: Vec<Received>,
    pub(super) reports: Vec<(Mid, str0m::media::SenderFeedback)>,
    /// When the shard asked for a keyframe.
    pub(super) asked: Vec<Duration>,
    pub(super) connected: bool,
    pub(super) closed: bool,
    timeout: Instant,
}

pub(super) type Loss = Box<dyn FnMut(bool, &[u8]) -> bool>;

pub(super) struct Link {
    delay: Duration,
    /// Whether to lose a datagram; the flag says that it goes to the browser.
    pub(super) lose: Loss,
    /// Bits a second towards the browser, and how long its queue is.
    pub(super) rate: Option<(u64, Duration)>,
    free_at: Option<Instant>,
    /// What the browser's address looks like behind its NAT.
    pub(super) alias: Option<SocketAddr>,
    in_flight: BTreeMap<(Instant, u64), (SocketAddr, SocketAddr, Vec<u8>)>,
    counter: u64,
}

impl Link {
    pub(super) fn new(delay: Duration) -> Self {
        Self {
            delay,
            lose: Box::new(|_, _| false),
            rate: None,
            free_at: None,
            alias: None,
            in_flight: BTreeMap::new(),
            counter: 0,
        }
    }

    fn send(&mut self, now: Instant, source: SocketAddr, destination: SocketAddr, bytes: Vec<u8>) {
        // Behind a NAT only the present alias leads to the browser.
        let (source, destination) = match self.alias {
            Some(alias) if source == address(BROWSER) => (alias, destination),
            Some(alias) if destination == alias => (source, address(BROWSER)),
            Some(_) if destination == address(BROWSER) => return,
            _ => (source, destination),
        };
        if (self.lose)(destination != address(SERVER), &bytes) {
            return;
        }
        let mut leaves = now;
        if let Some((rate, queue)) = self.rate.filter(|_| destination != address(SERVER)) {
            let begins = self.free_at.unwrap_or(now).max(now);
            if begins - now > queue {
                return;
            }
            leaves = begins + Duration::from_nanos(bytes.len() as u64 * 8 * 1_000_000_000 / rate);
            self.free_at = Some(leaves);
        }
        self.counter += 1;
        self.in_flight.insert((leaves + self.delay, self.counter), (source, destination, bytes));
    }
}

pub(super) struct World {
    pub(super) start: Instant,
    pub(super) now: Instant,
    pub(super) peers: Peers,
    pub(super) link: Link,
    pub(super) browser: Browser,
    pub(super) id: SessionId,
    answer: String,
    pub(super) events: Vec<(Duration, Event)>,
    /// Bytes the shard sent, by destination.
    pub(super) sent: Vec<(SocketAddr, usize)>,
}

fn new_browser(start: Instant, direction: Direction) -> (Browser, String, SdpPendingOffer) {
    let playout_delay = str0m::rtp::Extension::PlayoutDelay;
    let mut rtc = Rtc::builder().set_rtp_mode(true).set_extension(5, playout_delay).build(start);
    rtc.add_local_candidate(Candidate::host(address(BROWSER), "udp").expect("candidate"));
    let mut api = rtc.sdp_api();
    let video = api.add_media(MediaKind::Video, direction, None, None, None);
    let audio = api.add_media(MediaKind::Audio, direction, None, None, None);
    let (offer, pending) = api.apply().expect("offer");
    let browser = Browser {
        rtc,
        video,
        audio,
        addresses: vec![address(BROWSER)],
        received: Vec::new(),
        reports: Vec::new(),
        asked: Vec::new(),
        connected: false,
        closed: false,
        timeout: start,
    };
    (browser, offer.to_sdp_string(), pending)
}

impl World {
    /// A browser and a shard that have exchanged offer and answer; the offer may be changed on its way.
    pub(super) fn with_offer(link: Link, change: impl FnOnce(String) -> String) -> Self {
        let start = Instant::now();
        let (mut browser, offer, pending) = new_browser(start, Direction::RecvOnly);
        let media = StreamMedia { video: Some(VideoFormat::default()), audio: true };
        let options = ViewerOptions { low_latency: true };
        let setup = setup_viewer_with(&change(offer), &media, &[address(SERVER)], options, start).expect("setup");
        let text = setup.answer.clone();
        let answer = SdpAnswer::from_sdp_string(&text).expect("answer");
        browser.rtc.sdp_api().accept_answer(pending, answer).expect("accepted");
        let mut peers = Peers::new(16);
        let id = peers.add_viewer(start, setup, STREAM, start).expect("added");
        Self { start, now: start, peers, link, browser, id, answer: text, events: Vec::new(), sent: Vec::new() }
    }

    pub(super) fn new(link: Link) -> Self {
        Self::with_offer(link, |offer| offer)
    }

    /// A browser that publishes.
    pub(super) fn publishing(link: Link) -> Self {
        let start = Instant::now();
        let (mut browser, offer, pending) = new_browser(start, Direction::SendOnly);
        let setup = setup_publisher(&offer, &[address(SERVER)], start).expect("setup");
        let text = setup.answer.clone();
        let answer = SdpAnswer::from_sdp_string(&text).expect("answer");
        browser.rtc.sdp_api().accept_answer(pending, answer).expect("accepted");
        let mut peers = Peers::new(16);
        let id = peers.add_publisher(start, setup).expect("added");
        Self { start, now: start, peers, link, browser, id, answer: text, events: Vec::new(), sent: Vec::new() }
    }

    /// The browser sends a packet on one of its tracks.
    pub(super) fn publish(&mut self, mid: Mid, sequence: u64, timestamp: u32, payload: &[u8]) {
        let kind = if mid == self.browser.video { "H264/90000" } else { "opus/48000" };
        let line = self.answer.lines().find(|l| l.starts_with("a=rtpmap:") && l.contains(kind)).expect("codec");
        let payload_type: u8 = line[9..].split(' ').next().and_then(|p| p.parse().ok()).expect("payload type");
        let now = self.now;
        let mut api = self.browser.rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, None).expect("stream");
        let write = RtpWrite::new(payload_type.into(), sequence.into(), timestamp, now, payload.to_vec());
        stream.write_rtp(write.marker(true).nackable(true));
        self.browser.rtc.handle_input(Input::Timeout(now)).expect("browser");
        self.flush_browser();
    }

    /// As `new`, run until media may flow.
    pub(super) fn connected(link: Link) -> Self {
        let mut world = Self::new(link);
        world.run(ms(500));
        assert!(world.browser.connected, "the browser did not connect");
        assert!(world.events.iter().any(|(_, e)| matches!(e, Event::Connected { .. })));
        world
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.now - self.start
    }

    /// Runs the world for a while.
    pub(super) fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            self.flush_shard();
            self.flush_browser();
            let next = [
                self.link.in_flight.keys().next().map(|(at, _)| *at),
                self.peers.poll_timeout(),
                Some(self.browser.timeout).filter(|_| self.browser.rtc.is_alive()),
            ];
            let next = next.into_iter().flatten().min().unwrap_or(end).max(self.now);
            if next > end {
                self.now = end;
                return;
            }
            // Two peers that keep asking for "now" would stop the world: time always moves on a little.
            self.now = next.max(self.now + Duration::from_micros(10));
            self.deliver();
            self.peers.handle_timeout(self.now);
            if self.browser.timeout <= self.now {
                self.browser.rtc.handle_input(Input::Timeout(self.now)).expect("browser");
            }
        }
    }

    pub(super) fn flush_shard(&mut self) {
        while let Some((transmit, _)) = self.peers.poll_transmit(self.now) {
            self.sent.push((transmit.destination, transmit.contents.len()));
            self.link.send(self.now, address(SERVER), transmit.destination, transmit.contents);
        }
        while let Some(event) = self.peers.poll_event() {
            self.events.push((self.elapsed(), event));
        }
    }

    fn flush_browser(&mut self) {
        loop {
            // The browser's own handshake may time out: that is the end of its life, not of the test's.
            let Ok(output) = self.browser.rtc.poll_output() else { return };
            match output {
                Output::Timeout(at) => {
                    self.browser.timeout = at;
                    return;
                }
                Output::Transmit(t) => self.link.send(self.now, t.source, t.destination, t.contents.to_vec()),
                Output::Event(RtcEvent::Connected) => self.browser.connected = true,
                Output::Event(RtcEvent::Closed) => self.browser.closed = true,
                Output::Event(RtcEvent::RtpPacket(packet)) => {
                    self.browser.received.push(Received { at: self.now - self.start, packet });
                }
                Output::Event(RtcEvent::KeyframeRequest(_)) => self.browser.asked.push(self.now - self.start),
                Output::Event(RtcEvent::SenderFeedback(report)) => self.browser.reports.push((report.mid, report)),
                Output::Event(_) => {}
            }
        }
    }

    fn deliver(&mut self) {
        while let Some(entry) = self.link.in_flight.first_entry().filter(|e| e.key().0 <= self.now) {
            let (source, destination, bytes) = entry.remove();
            if destination == address(SERVER) {
                self.peers.handle_datagram(self.now, source, destination, None, &bytes);
                self.flush_shard();
            } else if self.browser.addresses.contains(&destination)
                && self.browser.rtc.is_alive()
                && let Ok(receive) = Receive::new(Protocol::Udp, source, destination, &bytes)
            {
                self.browser.rtc.handle_input(Input::Receive(self.now, receive)).expect("browser");
                self.flush_browser();
            }
        }
    }

    /// What the browser got of a medium.
    pub(super) fn received(&self, mid: Mid) -> impl Iterator<Item = &Received> {
        let payload = if mid == self.browser.video { 96..=127 } else { 111..=111 };
        let audio = mid == self.browser.audio;
        self.browser.received.iter().filter(move |r| {
            (*r.packet.header.payload_type == 111) == audio && payload.contains(&*r.packet.header.payload_type)
        })
    }

    pub(super) fn video(&self) -> impl Iterator<Item = &Received> {
        self.received(self.browser.video)
    }

    pub(super) fn audio(&self) -> impl Iterator<Item = &Received> {
        self.received(self.browser.audio)
    }

    pub(super) fn push(&mut self, unit: &Arc<PacketizedUnit>) {
        self.peers.push_unit(self.now, STREAM, unit);
        self.flush_shard();
    }

    pub(super) fn start(&mut self, group: &[Arc<PacketizedUnit>], hint: GopHint) {
        self.peers.start_with_gop(self.now, self.id, group, hint);
        self.flush_shard();
    }

    /// How many times the shard was asked for a group of pictures for that reason.
    pub(super) fn wanted(&self, wanted: GopReason) -> usize {
        let is = |e: &Event| matches!(e, Event::GopWanted { reason, stream: STREAM, .. } if *reason == wanted);
        self.events.iter().filter(|(_, e)| is(e)).count()
    }

    /// When and why the session ended.
    pub(super) fn ended(&self) -> Option<(Duration, CloseReason)> {
        self.events.iter().find_map(|(at, e)| match e {
            Event::Disconnected { reason, .. } => Some((*at, reason.clone())),
            _ => None,
        })
    }

    /// The browser asks for a keyframe.
    pub(super) fn ask_for_keyframe(&mut self) {
        let mid = self.browser.video;
        let mut api = self.browser.rtc.direct_api();
        api.stream_rx_by_mid(mid, None).expect("stream").request_keyframe(KeyframeRequestKind::Pli);
        self.browser.timeout = self.now;
    }
}

/// An answer to a restart offer of the browser with these credentials of the shard.
pub(super) fn full_answer(world: &World, ufrag: &str, password: &str) -> SdpAnswer {
    let mut answer = String::new();
    for line in world.answer.lines() {
        let line = match line.split_once(':') {
            Some(("a=ice-ufrag", _)) => format!("a=ice-ufrag:{ufrag}"),
            Some(("a=ice-pwd", _)) => format!("a=ice-pwd:{password}"),
            Some(("a=candidate", rest)) => {
                format!("a=candidate:{}", rest.split(" ufrag ").next().unwrap_or(rest))
            }
            _ => line.to_owned(),
        };
        answer.push_str(&line);
        answer.push_str("\r\n");
    }
    SdpAnswer::from_sdp_string(&answer).expect("answer")
}
