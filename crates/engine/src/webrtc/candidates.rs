//! The addresses that a shard's socket is reached at: its ICE host candidates (RFC 8445 section 5.1.1.1).

use std::net::{IpAddr, SocketAddr};

/// The most candidates of a socket: each makes a browser probe it.
const MAX_LOCAL: usize = 16;

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Candidates {
    list: Vec<SocketAddr>,
}

impl Candidates {
    /// The candidates of a socket bound to `bound`: the public addresses if any are given, else the bound address, else
    /// (bound to all) those of the machine's interfaces.
    pub(super) fn new(bound: SocketAddr, public: &[IpAddr], interfaces: impl FnOnce() -> Vec<IpAddr>) -> Self {
        let mut ips: Vec<IpAddr> = if !public.is_empty() {
            public.to_vec()
        } else if bound.ip().is_unspecified() {
            let reachable = |ip: &IpAddr| match ip {
                IpAddr::V4(ip) => !ip.is_link_local() && !ip.is_unspecified(),
                // Link-local IPv6 needs a zone, which candidates cannot carry.
                IpAddr::V6(ip) => bound.is_ipv6() && !ip.is_unicast_link_local() && !ip.is_unspecified(),
            };
            let mut ips: Vec<IpAddr> = interfaces().into_iter().filter(reachable).collect();
            ips.sort_by_key(|ip| (ip.is_loopback(), ip.is_ipv6()));
            ips
        } else {
            vec![bound.ip()]
        };
        let mut seen = Vec::new();
        ips.retain(|ip| {
            !seen.contains(ip) && {
                seen.push(*ip);
                true
            }
        });
        ips.truncate(MAX_LOCAL);
        Self { list: ips.into_iter().map(|ip| SocketAddr::new(ip.to_canonical(), bound.port())).collect() }
    }

    /// The preferred one first.
    pub(super) fn list(&self) -> &[SocketAddr] {
        &self.list
    }

    /// The candidate that a datagram to the local address `destination` was meant for: that address itself, or behind
    /// NAT (a public address stands for it) the first of its family.
    pub(super) fn of_destination(&self, destination: Option<IpAddr>) -> Option<SocketAddr> {
        let Some(ip) = destination else { return self.list.first().copied() };
        let exact = self.list.iter().find(|c| c.ip() == ip);
        exact.or_else(|| self.list.iter().find(|c| c.is_ipv4() == ip.is_ipv4())).copied()
    }
}

/// The addresses of the machine's interfaces that are up.
pub(super) fn interface_addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    interfaces.into_iter().map(|interface| interface.ip()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("address")
    }

    fn all() -> Vec<IpAddr> {
        ["127.0.0.1", "::1", "192.168.1.2", "fe80::1", "2001:db8::2", "192.168.1.2"].map(ip).to_vec()
    }

    #[test]
    fn a_wildcard_is_reached_at_every_interface_loopback_last() {
        let v4 = Candidates::new("0.0.0.0:8189".parse().expect("address"), &[], all);
        assert_eq!(v4.list().iter().map(|c| c.to_string()).collect::<Vec<_>>(), ["192.168.1.2:8189", "127.0.0.1:8189"]);
        let v6 = Candidates::new("[::]:1".parse().expect("address"), &[], all);
        assert_eq!(
            v6.list().iter().map(|c| c.to_string()).collect::<Vec<_>>(),
            ["192.168.1.2:1", "[2001:db8::2]:1", "127.0.0.1:1", "[::1]:1"]
        );
        assert_eq!(v6.of_destination(Some(ip("127.0.0.1"))), Some("127.0.0.1:1".parse().expect("address")));
    }

    #[test]
    fn a_public_address_stands_for_whatever_the_datagram_arrived_at() {
        let public = [ip("203.0.113.9")];
        let candidates = Candidates::new("0.0.0.0:8189".parse().expect("address"), &public, all);
        assert_eq!(candidates.list(), ["203.0.113.9:8189".parse().expect("address")]);
        assert_eq!(candidates.of_destination(Some(ip("10.0.0.7"))), candidates.list().first().copied());
        assert_eq!(candidates.of_destination(Some(ip("2001:db8::2"))), None);
        assert_eq!(candidates.of_destination(None), candidates.list().first().copied());
    }

    #[test]
    fn a_specific_address_is_its_own_candidate() {
        let candidates = Candidates::new("127.0.0.1:5".parse().expect("address"), &[], Vec::new);
        assert_eq!(candidates.list(), ["127.0.0.1:5".parse().expect("address")]);
    }
}
