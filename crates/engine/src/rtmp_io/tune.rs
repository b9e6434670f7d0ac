//! TCP options of RTMP sockets.

use socket2::SockRef;
use tokio::net::TcpStream;

/// Unsent bytes the kernel may hold: a short queue there lets the dropping policy see how slow a player is.
const NOT_SENT_LOW_WATER: u32 = 128 * 1024;
/// Congestion control asked for: keeps live video flowing through random loss, where CUBIC falls seconds behind.
const CONGESTION: &[u8] = b"bbr";

/// Sets what live media wants; a kernel that refuses an option keeps its own default.
pub(crate) fn tune(socket: &TcpStream) {
    let _ = socket.set_nodelay(true);
    #[cfg(target_os = "linux")]
    {
        let socket = SockRef::from(socket);
        let _ = socket.set_tcp_congestion(CONGESTION);
        let _ = socket.set_tcp_notsent_lowat(NOT_SENT_LOW_WATER);
    }
}
