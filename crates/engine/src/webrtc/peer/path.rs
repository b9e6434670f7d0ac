//! Which of the peer's addresses media goes to, when the network moves it without an ICE restart (a NAT's new port).
//!
//! The ICE agent keeps a nominated pair until it has been silent for 15 s. A live picture cannot wait that long: when the
//! peer nominates another address and the present one has fallen silent, the present one is given up.

use super::Peer;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use str0m::Candidate;

/// Browsers check the path in use at least every 2.5 s: one that misses this is dead when another comes alive.
const SILENCE: Duration = Duration::from_secs(3);
/// How many given-up addresses are remembered, to be taken back when they come alive again.
const MAX_ABANDONED: usize = 20;

/// See the module.
#[derive(Debug)]
pub(super) struct Path {
    heard: Instant,
    abandoned: Vec<SocketAddr>,
}

impl Path {
    pub(super) const fn new(now: Instant) -> Self {
        Self { heard: now, abandoned: Vec::new() }
    }
}

impl Peer {
    /// Before an authentic check is answered: an address that was given up may come back.
    pub(super) fn take_back(&mut self, source: SocketAddr) {
        let Some(at) = self.path.abandoned.iter().position(|a| *a == source) else { return };
        self.path.abandoned.swap_remove(at);
        if let Some(candidate) = reflexive(source) {
            self.rtc.add_remote_candidate(candidate);
        }
    }

    /// After an authentic check was answered: follows the peer to its new address when the old one is silent.
    pub(super) fn follow(&mut self, now: Instant, source: SocketAddr, nominates: bool) {
        let Some(current) = self.remote_address else { return };
        if current == source {
            self.path.heard = now;
            return;
        }
        if !nominates || now.saturating_duration_since(self.path.heard) < SILENCE {
            return;
        }
        let Some(candidate) = reflexive(current) else { return };
        if self.rtc.direct_api().invalidate_candidate(&candidate) {
            if self.path.abandoned.len() >= MAX_ABANDONED {
                self.path.abandoned.remove(0);
            }
            self.path.abandoned.push(current);
        }
        self.remote_address = Some(source);
        self.path.heard = now;
        self.advance(now);
    }
}

/// A peer's address as the ICE agent knows it: learned from its checks.
fn reflexive(address: SocketAddr) -> Option<Candidate> {
    let text = format!("candidate:1 1 udp 1 {} {} typ prflx", address.ip(), address.port());
    Candidate::from_sdp_string(&text).ok()
}
