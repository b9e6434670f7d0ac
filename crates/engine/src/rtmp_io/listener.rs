//! RTMP listeners: one per shard on the same port (`SO_REUSEPORT`), so that the kernel spreads new sockets over shards.

use crate::EngineError;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};

/// Connections the kernel may hold before they are accepted.
const BACKLOG: i32 = 4_096;

fn open(address: SocketAddr, shared_port: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for old connections in TIME_WAIT.
    socket.set_reuse_address(true)?;
    if shared_port {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Opens `count` listeners on one port; with port 0 the kernel picks it for all of them.
///
/// `SO_REUSEPORT` would let a second gateway share the port in silence, so the port is first bound without it.
pub(crate) fn open_all(host: IpAddr, port: u16, count: usize) -> Result<Vec<TcpListener>, EngineError> {
    let wanted = SocketAddr::new(host, port);
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => EngineError::PortInUse { what: "RTMP", address: wanted, flag: "--rtmp-port" },
        _ => EngineError::Listen { what: "RTMP", address: wanted, source },
    };
    let first = open(wanted, false).map_err(failed)?;
    if count == 1 {
        return Ok(vec![first]);
    }
    let address = first.local_addr().map_err(failed)?;
    drop(first);
    (0..count).map(|_| open(address, true).map_err(failed)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_said_even_between_gateways_of_many_shards() {
        let host = IpAddr::from([127, 0, 0, 1]);
        let first = open_all(host, 0, 2).expect("free port");
        let port = first[0].local_addr().expect("address").port();
        assert_eq!(first[1].local_addr().expect("address").port(), port);
        for count in [1, 2] {
            let error = open_all(host, port, count).expect_err("in use");
            assert_eq!(error.code(), "GW_PORT_IN_USE");
            assert!(error.to_string().contains("--rtmp-port"), "{error}");
        }
    }
}
