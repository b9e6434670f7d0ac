//! TCP options of the listeners and sockets that carry live media.

use socket2::{SockRef, Socket};
use tokio::net::TcpStream;

/// Unsent bytes the kernel may hold: a short queue there lets the dropping policy see how slow a player is.
const NOT_SENT_LOW_WATER: u32 = 128 * 1024;

/// Asks for a congestion control on a listener, which its sockets inherit; the kernel keeps its own when it refuses.
pub(crate) fn set_congestion(listener: &Socket, name: &str) {
    #[cfg(target_os = "linux")]
    let _ = listener.set_tcp_congestion(name.as_bytes());
    #[cfg(not(target_os = "linux"))]
    let _ = (listener, name);
}

/// The congestion control that a listener has; `None` where the system does not tell.
pub(crate) fn congestion(listener: &std::net::TcpListener) -> Option<String> {
    #[cfg(target_os = "linux")]
    {
        let name = SockRef::from(listener).tcp_congestion().ok()?;
        let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
        String::from_utf8(name.get(..end)?.to_vec()).ok()
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = listener;
        None
    }
}

/// Sets what live media wants; a kernel that refuses an option keeps its own default.
pub(crate) fn tune(socket: &TcpStream, nagle: bool) {
    let _ = socket.set_nodelay(!nagle);
    #[cfg(target_os = "linux")]
    {
        let _ = SockRef::from(socket).set_tcp_notsent_lowat(NOT_SENT_LOW_WATER);
    }
}
