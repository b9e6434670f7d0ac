//! TCP listeners: one per shard on the same port (`SO_REUSEPORT`), so that the kernel spreads new sockets over shards.

use super::tune;
use crate::EngineError;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};

/// Connections the kernel may hold before they are accepted.
const BACKLOG: i32 = 4_096;

/// Which port is opened: how errors name it, and the flag that moves it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Port {
    /// RTMP.
    Rtmp,
    /// HTTP-FLV.
    Flv,
}

impl Port {
    const fn name(self) -> &'static str {
        match self {
            Self::Rtmp => "RTMP",
            Self::Flv => "HTTP-FLV",
        }
    }

    const fn flag(self) -> &'static str {
        match self {
            Self::Rtmp => "--rtmp-port",
            Self::Flv => "--flv-port",
        }
    }
}

fn open(address: SocketAddr, shared_port: bool, congestion: &str) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for old connections in TIME_WAIT.
    socket.set_reuse_address(true)?;
    if shared_port {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    tune::set_congestion(&socket, congestion);
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Opens `count` listeners on one port; with port 0 the kernel picks it for all of them.
///
/// `SO_REUSEPORT` would let a second gateway share the port in silence, so the port is first bound without it.
pub(crate) fn open_all(
    which: Port,
    wanted: SocketAddr,
    count: usize,
    congestion: &str,
) -> Result<Vec<TcpListener>, EngineError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => EngineError::PortInUse { what: which.name(), address: wanted, flag: which.flag() },
        _ => EngineError::Listen { what: which.name(), address: wanted, source },
    };
    let first = open(wanted, false, congestion).map_err(failed)?;
    if count == 1 {
        return Ok(vec![first]);
    }
    let address = first.local_addr().map_err(failed)?;
    drop(first);
    (0..count).map(|_| open(address, true, congestion).map_err(failed)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_said_even_between_gateways_of_many_shards() {
        let host = SocketAddr::from(([127, 0, 0, 1], 0));
        let first = open_all(Port::Rtmp, host, 2, "reno").expect("free port");
        let address = first[0].local_addr().expect("address");
        assert_eq!(first[1].local_addr().expect("address"), address);
        for (port, flag) in [(Port::Rtmp, "--rtmp-port"), (Port::Flv, "--flv-port")] {
            for count in [1, 2] {
                let error = open_all(port, address, count, "reno").expect_err("in use");
                assert_eq!(error.code(), "GW_PORT_IN_USE");
                assert!(error.to_string().contains(flag), "{error}");
            }
        }
        assert_eq!(tune::congestion(&first[1]).as_deref().unwrap_or("reno"), "reno", "read back");
        let refused = open_all(Port::Rtmp, host, 1, "no-such-algorithm").expect("opens all the same");
        assert_ne!(tune::congestion(&refused[0]).as_deref(), Some("no-such-algorithm"));
    }
}
