//! Which session an address belongs to: only addresses that answered an authentic ICE check (HOSTILE row 52).

use super::SessionId;
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

/// The most addresses that one session holds at a time; a browser tries a handful. The oldest makes room.
const MAX_PER_SESSION: usize = 20;
/// The most addresses that one session may show in its life: the ICE agent remembers each.
const MAX_EVER: u32 = 1_000;

/// One validated address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) session: SessionId,
    /// Where on this machine its datagrams arrive, when the socket is bound to several addresses.
    pub(super) local: Option<IpAddr>,
}

/// The addresses of one session, oldest first.
#[derive(Debug, Default)]
pub(super) struct Known {
    order: VecDeque<SocketAddr>,
    ever: u32,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    map: HashMap<SocketAddr, Entry>,
}

impl Addresses {
    pub(super) fn get(&self, source: &SocketAddr) -> Option<Entry> {
        self.map.get(source).copied()
    }

    /// Whether a session may show this address: it has already, or it has not shown too many.
    pub(super) fn admits(&self, known: &Known, session: SessionId, source: &SocketAddr) -> bool {
        self.get(source).is_some_and(|e| e.session == session) || known.ever < MAX_EVER
    }

    /// Notes that a session validated an address. It is taken from whichever session had it: the network gave it to
    /// another peer.
    pub(super) fn learn(
        &mut self,
        known: &mut Known,
        session: SessionId,
        source: SocketAddr,
        local: Option<IpAddr>,
        in_use: Option<SocketAddr>,
    ) {
        let old = self.map.insert(source, Entry { session, local });
        if old.is_some_and(|e| e.session == session) {
            return;
        }
        known.ever = known.ever.saturating_add(1);
        known.order.retain(|a| *a != source);
        known.order.push_back(source);
        while known.order.len() > MAX_PER_SESSION {
            let Some(oldest) = known.order.pop_front() else { break };
            if Some(oldest) == in_use {
                known.order.push_back(oldest);
            } else {
                self.forget_one(session, &oldest);
            }
        }
    }

    fn forget_one(&mut self, session: SessionId, address: &SocketAddr) {
        if self.map.get(address).is_some_and(|e| e.session == session) {
            self.map.remove(address);
        }
    }

    /// Forgets a session's addresses.
    pub(super) fn forget(&mut self, known: &Known, session: SessionId) {
        for address in &known.order {
            self.forget_one(session, address);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.map.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    #[test]
    fn a_session_holds_a_bounded_number_of_addresses_and_never_loses_the_one_in_use() {
        let (mut addresses, mut known) = (Addresses::default(), Known::default());
        let session = SessionId::new(1, 1);
        for port in 1..=200 {
            addresses.learn(&mut known, session, address(port), None, Some(address(1)));
        }
        assert_eq!(addresses.len(), MAX_PER_SESSION);
        assert!(addresses.get(&address(1)).is_some() && addresses.get(&address(200)).is_some());
        addresses.forget(&known, session);
        assert_eq!(addresses.len(), 0);
    }

    #[test]
    fn an_address_goes_to_the_session_that_validated_it_last() {
        let (mut addresses, mut first, mut second) = (Addresses::default(), Known::default(), Known::default());
        let (one, two) = (SessionId::new(1, 1), SessionId::new(2, 1));
        addresses.learn(&mut first, one, address(1), None, None);
        addresses.learn(&mut second, two, address(1), None, None);
        addresses.forget(&first, one);
        assert_eq!(addresses.get(&address(1)).map(|e| e.session), Some(two));
    }
}
