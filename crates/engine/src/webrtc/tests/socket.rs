//! The same over real sockets on loopback: binding, driving, batches.

use super::*;
use crate::webrtc::{BindError, BindOptions, WebRtc, drive};
use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Instant;
use str0m::change::SdpAnswer;
use str0m::media::{Direction, MediaKind};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event as RtcEvent, Input, Output, Rtc};
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// Far more than any of this takes; a hang must end all the same.
const PATIENCE: Duration = Duration::from_secs(20);

fn options(address: &str) -> BindOptions {
    BindOptions { address: address.parse().expect("address"), public_ips: Vec::new(), max_sessions: 8 }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async { timeout(PATIENCE, future).await.expect("in time") })
}

/// Runs a browser until it has `packets` RTP packets.
async fn receive(rtc: &mut Rtc, socket: &UdpSocket, packets: usize) -> usize {
    let local = socket.local_addr().expect("address");
    let mut buffer = vec![0; 2_000];
    let mut received = 0;
    while received < packets {
        let deadline = loop {
            match rtc.poll_output().expect("browser") {
                Output::Timeout(at) => break at,
                Output::Transmit(t) => drop(socket.send_to(&t.contents, t.destination).await),
                Output::Event(RtcEvent::RtpPacket(_)) => received += 1,
                Output::Event(_) => {}
            }
        };
        let wait = deadline.saturating_duration_since(Instant::now());
        match timeout(wait, socket.recv_from(&mut buffer)).await {
            Ok(Ok((length, source))) => {
                if let Ok(datagram) = Receive::new(Protocol::Udp, source, local, &buffer[..length]) {
                    rtc.handle_input(Input::Receive(Instant::now(), datagram)).expect("browser");
                }
            }
            _ => rtc.handle_input(Input::Timeout(Instant::now())).expect("browser"),
        }
    }
    received
}

fn watch(address: &str) {
    block_on(async {
        let webrtc = Rc::new(RefCell::new(WebRtc::bind(options(address)).expect("bound")));
        let loopback = IpAddr::from([127, 0, 0, 1]);
        let port = webrtc.borrow().local_port();
        let candidates = webrtc.borrow().candidates().to_vec();
        assert!(candidates.contains(&SocketAddr::new(loopback, port)), "{candidates:?}");
        let handle = webrtc.clone();
        let group: Vec<_> = (0..10).map(|i| picture(i, 50, 10)).collect();
        tokio::task::spawn_local(drive(webrtc.clone(), move |event| {
            if let Event::GopWanted { id, .. } = event {
                handle.borrow_mut().start_with_gop(id, &group, GopHint::default());
            }
        }));

        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("bound");
        let mut rtc = Rtc::builder().set_rtp_mode(true).build(Instant::now());
        let candidate = Candidate::host(socket.local_addr().expect("address"), "udp").expect("candidate");
        rtc.add_local_candidate(candidate);
        let mut api = rtc.sdp_api();
        api.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        let (offer, pending) = api.apply().expect("offer");
        let media = StreamMedia { video: Some(VideoFormat::default()), audio: true };
        let only = [SocketAddr::new(loopback, port)];
        let setup = setup_viewer(&offer.to_sdp_string(), &media, &only, Instant::now()).expect("setup");
        let answer = SdpAnswer::from_sdp_string(&setup.answer).expect("answer");
        let id = webrtc.borrow_mut().add_viewer(setup, STREAM, Instant::now()).expect("added");
        rtc.sdp_api().accept_answer(pending, answer).expect("accepted");

        assert_eq!(receive(&mut rtc, &socket, 100).await, 100);
        webrtc.borrow_mut().push_unit(STREAM, &picture(10, 50, 10));
        assert_eq!(receive(&mut rtc, &socket, 10).await, 10);
        let stats = webrtc.borrow().stats(id).expect("session");
        assert_eq!(stats.remote_address, socket.local_addr().ok());
        assert!(stats.packets_out >= 110 && stats.bytes_out > 110_000, "{stats:?}");
        assert_eq!(webrtc.borrow().counters().send_errors, 0);
        assert_eq!(webrtc.borrow().sessions().count(), 1);
        assert!(webrtc.borrow_mut().remove(id));
        assert_eq!(webrtc.borrow().sessions().count(), 0);
    });
}

#[test]
fn a_viewer_plays_over_a_socket_of_one_address() {
    watch("127.0.0.1:0");
}

#[test]
fn a_viewer_plays_over_a_socket_of_all_addresses() {
    watch("0.0.0.0:0");
}

#[test]
fn a_viewer_plays_by_ipv4_over_an_ipv6_socket() {
    // Machines without IPv6 cannot open it at all.
    if std::net::UdpSocket::bind("[::]:0").is_ok() {
        watch("[::]:0");
    }
}

#[test]
fn a_port_in_use_and_a_foreign_address_are_clear_errors() {
    block_on(async {
        let first = WebRtc::bind(options("127.0.0.1:0")).expect("bound");
        let taken = format!("127.0.0.1:{}", first.local_port());
        assert_eq!(WebRtc::bind(options(&taken)).err().map(|e| e.code()), Some("GW_PORT_IN_USE"));
        let foreign = WebRtc::bind(options("192.0.2.1:0")).err();
        assert!(matches!(foreign, Some(BindError::Failed { .. })), "{foreign:?}");
    });
}
