//! The floor: a bare program that writes the same bytes to as many sockets with as many system calls, and nothing else.
//!
//! It is a process of its own, so that its CPU time is read the same way as the server's. What it leaves out is what a
//! server adds: receiving, parsing, queues, the decision what to send to whom.

use crate::clip::{Clip, Message};
use crate::error::LoadError;
use crate::options::Options;
use crate::publishers::Schedule;
use rtmp_gateway_rtmp::chunk::{MediaHeader, MediaKind};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{BufRead, BufReader, IoSlice, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A write that takes longer than this finds nobody who reads: the socket is given up.
const WRITE_LIMIT: Duration = Duration::from_secs(1);

/// The floor's process, seen from the one that measures it.
pub(crate) struct Floor {
    child: Child,
    pub address: SocketAddr,
}

impl Floor {
    /// Starts it; it listens, and sends once [`Self::go`] is called.
    ///
    /// # Errors
    /// It cannot be started or does not say its port.
    pub(crate) fn start(options: &Options, hold: bool) -> Result<Self, LoadError> {
        let program = std::env::current_exe().map_err(LoadError::io("finding this program"))?;
        let yes_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
        let mut child = Command::new(program)
            .args(["floor-child", "--target", &format!("{}:0", options.target.ip())])
            .args(["--publishers", &options.publishers.to_string(), "--players", &options.players.to_string()])
            .args(["--video-bytes", &options.video_bytes.to_string(), "--fps", &options.fps.to_string()])
            .args(["--audio-bytes", &options.audio_bytes.to_string()])
            .args(["--seconds", &options.window.as_secs().to_string()])
            .args(["--warm-up", &options.warm_up.as_secs().to_string()])
            .args(["--floor-nagle", &yes_no(options.floor_nagle), "--floor-hold", &yes_no(hold)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(LoadError::io("starting the floor"))?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).map_err(LoadError::io("the floor's output"))?;
        }
        match line.trim().parse() {
            Ok(address) => Ok(Self { child, address }),
            Err(_) => {
                let _ = child.kill();
                Err(LoadError::Floor(format!("the floor said {line:?} instead of its address")))
            }
        }
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// All players are connected: send.
    ///
    /// # Errors
    /// It is gone.
    pub(crate) fn go(&mut self) -> Result<(), LoadError> {
        let stdin = self.child.stdin.as_mut().ok_or_else(|| LoadError::Floor("the floor has no input".into()))?;
        stdin.write_all(b"go\n").map_err(LoadError::io("the floor's input"))
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Connections that may wait to be accepted, as at the gateway.
const BACKLOG: i32 = 4_096;

/// One stream's sockets and, with the hold, the audio that waits for its next video frame.
#[derive(Default)]
struct Stream {
    sockets: Vec<TcpStream>,
    held: Vec<u8>,
}

impl Stream {
    fn send(&mut self, message: &Message, hold: bool) {
        let header = MediaHeader::new(1, message.kind, message.timestamp, message.body.len());
        if hold && message.kind == MediaKind::Audio {
            self.held.extend_from_slice(&header);
            self.held.extend_from_slice(&message.body);
            return;
        }
        let held = std::mem::take(&mut self.held);
        let whole = held.len() + header.len() + message.body.len();
        self.sockets.retain_mut(|socket| {
            let parts = [IoSlice::new(&held), IoSlice::new(&header), IoSlice::new(&message.body)];
            let parts = if held.is_empty() { parts.get(1..).unwrap_or_default() } else { &parts };
            socket.write_vectored(parts).is_ok_and(|written| written == whole)
        });
    }
}

/// A listener with room for all players at once: the standard library's holds 128, and who is refused a place there
/// thinks to be connected.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The floor's own process: says its address, takes its players, sends until its input ends.
///
/// # Errors
/// A socket failed.
pub(crate) fn child(options: &Options) -> Result<(), LoadError> {
    let listener = listen(options.target).map_err(LoadError::io("listening"))?;
    println!("{}", listener.local_addr().map_err(LoadError::io("listening"))?);
    let mut streams: Vec<Stream> = (0..options.publishers).map(|_| Stream::default()).collect();
    for index in 0..options.all_players() {
        let (socket, _) = listener.accept().map_err(LoadError::io("accepting"))?;
        socket.set_nodelay(!options.floor_nagle).map_err(LoadError::io("TCP_NODELAY"))?;
        socket.set_write_timeout(Some(WRITE_LIMIT)).map_err(LoadError::io("a write timeout"))?;
        if let Some(stream) = streams.get_mut(index % options.publishers) {
            stream.sockets.push(socket);
        }
    }
    let mut input = std::io::stdin();
    input.read_exact(&mut [0; 3]).map_err(LoadError::io("waiting for the start"))?;
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    std::thread::spawn(move || {
        // The end of the input is the end of the process that measures.
        let _ = std::io::stdin().read(&mut [0; 1]);
        stopped.store(true, Ordering::Relaxed);
    });
    let mut schedule = Schedule::new(options.publishers, &Clip::new(options));
    let start = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let due = schedule.next_due();
        std::thread::sleep(due.saturating_sub(start.elapsed()));
        while schedule.next_due() <= start.elapsed() {
            let Some((index, message)) = schedule.next() else { break };
            if let Some(stream) = streams.get_mut(index) {
                stream.send(&message, options.floor_hold);
            }
        }
    }
    Ok(())
}
