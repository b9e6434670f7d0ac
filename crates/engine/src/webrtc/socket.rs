//! The UDP socket of a shard: batched in both directions, with the local address of every datagram (RFC 3542).

use super::batch::Batch;
use quinn_udp::{RecvMeta, UdpSocketState};
use socket2::{Domain, Protocol, SockRef, Socket as RawSocket, Type};
use std::io::{self, ErrorKind, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Buffers per receiving call, each for up to 64 KiB that the kernel has merged.
const BUFFERS: usize = 4;
/// Bytes of one buffer.
const BUFFER_BYTES: usize = 64 * 1024;
/// What the kernel should hold for us each way, in bytes: 100 ms of 100 Mbit/s; less than that is not an error.
const KERNEL_BUFFER: usize = 1_250_000;

/// The socket could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another process has the port.
    #[error("UDP {address} is in use")]
    InUse {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// Anything else.
    #[error("UDP {address} cannot be opened")]
    Failed {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

impl BindError {
    /// The stable code for logs and exit messages.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InUse { .. } => "GW_PORT_IN_USE",
            Self::Failed { .. } => "GW_BIND_FAILED",
        }
    }
}

/// What sending a batch came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// The kernel has it.
    Done,
    /// The kernel's buffer is full: try again when the socket is writable.
    Blocked,
    /// The network refused this many datagrams; they are lost.
    Refused(u64),
}

/// See the module.
pub(super) struct Socket {
    io: UdpSocket,
    state: UdpSocketState,
    local: SocketAddr,
}

impl Socket {
    /// Binds; must be called inside a tokio runtime.
    pub(super) fn bind(address: SocketAddr) -> Result<Self, BindError> {
        open(address).map_err(|source| match source.kind() {
            ErrorKind::AddrInUse => BindError::InUse { address },
            _ => BindError::Failed { address, source },
        })
    }

    /// The address it is bound to.
    pub(super) fn local(&self) -> SocketAddr {
        self.local
    }

    /// How many datagrams one call may carry.
    pub(super) fn max_segments(&self) -> usize {
        self.state.max_gso_segments()
    }

    pub(super) async fn readable(&self) -> io::Result<()> {
        self.io.readable().await
    }

    pub(super) async fn writable(&self) -> io::Result<()> {
        self.io.writable().await
    }

    /// Receives what one call gives and hands out each datagram with its source and local address. `false` when there
    /// was nothing.
    pub(super) fn receive(
        &self,
        buffers: &mut ReceiveBuffers,
        mut handle: impl FnMut(SocketAddr, Option<IpAddr>, &[u8]),
    ) -> bool {
        let mut metas = [RecvMeta::default(); BUFFERS];
        let mut slices = buffers.0.each_mut().map(|b| IoSliceMut::new(b));
        let received =
            self.io.try_io(Interest::READABLE, || self.state.recv((&self.io).into(), &mut slices, &mut metas));
        // Errors other than "nothing there" are reports about datagrams sent earlier (ICMP): nothing to read either.
        let Ok(count) = received else { return false };
        for (meta, buffer) in metas.iter().zip(buffers.0.iter()).take(count) {
            let source = SocketAddr::new(meta.addr.ip().to_canonical(), meta.addr.port());
            let local = meta.dst_ip.map(|ip| ip.to_canonical());
            let bytes = buffer.get(..meta.len).unwrap_or(&[]);
            for datagram in bytes.chunks(meta.stride.max(1)) {
                handle(source, local, datagram);
            }
        }
        true
    }

    /// Sends a batch.
    pub(super) fn send(&self, batch: &Batch) -> Sent {
        let (contents, segment_size) = batch.contents();
        match self.send_one(batch, contents, segment_size) {
            Ok(()) => Sent::Done,
            Err(error) if error.kind() == ErrorKind::WouldBlock => Sent::Blocked,
            // A driver that refuses segmentation: one by one, and the state remembers to make no more batches.
            Err(_) if segment_size.is_some() => {
                let failed = |datagram: &&[u8]| self.send_one(batch, datagram, None).is_err();
                match batch.datagrams().filter(failed).count() {
                    0 => Sent::Done,
                    lost => Sent::Refused(lost as u64),
                }
            }
            Err(_) => Sent::Refused(1),
        }
    }

    fn send_one(&self, batch: &Batch, contents: &[u8], segment_size: Option<usize>) -> io::Result<()> {
        let Some((destination, local)) = batch.route() else { return Ok(()) };
        let destination = self.in_family(destination);
        // Only a socket bound to all addresses has to say which one answers.
        let src_ip = local.filter(|_| self.local.ip().is_unspecified()).map(|ip| self.ip_in_family(ip));
        let transmit = quinn_udp::Transmit { destination, ecn: None, contents, segment_size, src_ip };
        self.io.try_io(Interest::WRITABLE, || self.state.try_send((&self.io).into(), &transmit))
    }

    fn in_family(&self, address: SocketAddr) -> SocketAddr {
        SocketAddr::new(self.ip_in_family(address.ip()), address.port())
    }

    /// An IPv6 socket names IPv4 peers by mapped addresses.
    fn ip_in_family(&self, ip: IpAddr) -> IpAddr {
        match ip {
            IpAddr::V4(v4) if self.local.is_ipv6() => IpAddr::V6(v4.to_ipv6_mapped()),
            ip => ip,
        }
    }
}

/// Memory to receive into, kept between calls.
pub(super) struct ReceiveBuffers([Vec<u8>; BUFFERS]);

impl ReceiveBuffers {
    pub(super) fn new() -> Self {
        Self(std::array::from_fn(|_| vec![0; BUFFER_BYTES]))
    }
}

fn open(address: SocketAddr) -> io::Result<Socket> {
    let socket = RawSocket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    let reference = SockRef::from(&socket);
    let _ = reference.set_recv_buffer_size(KERNEL_BUFFER);
    let _ = reference.set_send_buffer_size(KERNEL_BUFFER);
    let state = UdpSocketState::new((&socket).into())?;
    let io = UdpSocket::from_std(socket.into())?;
    let local = io.local_addr()?;
    Ok(Socket { io, state, local })
}
