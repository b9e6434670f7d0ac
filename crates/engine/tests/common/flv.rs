//! An HTTP-FLV player: a request over a real socket, the answer's head, then tags.

use super::PATIENCE;
use super::media::number_in;
use rtmp_gateway_flv::{TagKind, parse_file_header, parse_file_tag};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// One tag as it came.
#[derive(Debug, Clone)]
pub struct Tag {
    pub kind: TagKind,
    pub timestamp: u32,
    pub body: Vec<u8>,
}

/// A player; reads on demand.
pub struct FlvPlayer {
    pub socket: TcpStream,
    pub head: String,
    /// The flags of the file's header: audio, video.
    pub header: Option<(bool, bool)>,
    pub tags: Vec<Tag>,
    pub closed: bool,
    rest: Vec<u8>,
}

impl FlvPlayer {
    /// Sends bytes as they are.
    pub fn raw(address: SocketAddr, request: &[u8]) -> Self {
        let mut socket = TcpStream::connect(address).unwrap();
        socket.write_all(request).unwrap();
        Self { socket, head: String::new(), header: None, tags: Vec::new(), closed: false, rest: Vec::new() }
    }

    pub fn get(address: SocketAddr, target: &str) -> Self {
        Self::raw(address, format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes())
    }

    /// Reads what comes within `wait` and takes it apart; false when the other side has closed.
    pub fn read(&mut self, wait: Duration) -> bool {
        let mut buffer = vec![0; 256 * 1024];
        self.socket.set_read_timeout(Some(wait)).unwrap();
        match self.socket.read(&mut buffer) {
            Ok(0) => self.closed = true,
            Ok(length) => self.rest.extend_from_slice(&buffer[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => self.closed = true,
        }
        self.parse();
        !self.closed
    }

    fn parse(&mut self) {
        if self.head.is_empty() {
            let Some(end) = self.rest.windows(4).position(|four| four == b"\r\n\r\n") else { return };
            self.head = String::from_utf8(self.rest.drain(..end + 4).collect()).unwrap();
        }
        if self.status() != 200 {
            return;
        }
        if self.header.is_none() && self.rest.len() >= 13 {
            self.header = Some(parse_file_header(&self.rest).unwrap());
            self.rest.drain(..13);
        }
        while self.header.is_some() && self.rest.len() >= 15 {
            let tag = parse_file_tag(&self.rest).unwrap();
            let length = tag.length as usize;
            if self.rest.len() < 15 + length {
                return;
            }
            let body = self.rest[11..11 + length].to_vec();
            let back = u32::from_be_bytes(self.rest[11 + length..15 + length].try_into().unwrap());
            assert_eq!(back as usize, 11 + length, "PreviousTagSize");
            self.tags.push(Tag { kind: tag.kind.unwrap(), timestamp: tag.timestamp, body });
            self.rest.drain(..15 + length);
        }
    }

    pub fn until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            assert!(Instant::now() < deadline && !self.closed, "waited for {what}; head {:?}", self.head);
            self.read(Duration::from_millis(50));
        }
    }

    /// Reads until the other side closes; what came after the head.
    pub fn finish(&mut self) -> String {
        let deadline = Instant::now() + PATIENCE;
        while self.read(Duration::from_millis(50)) {
            assert!(Instant::now() < deadline, "waited for the close; head {:?}", self.head);
        }
        String::from_utf8_lossy(&self.rest).into_owned()
    }

    /// The status of the answer; 0 before it came.
    pub fn status(&self) -> u16 {
        self.head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    pub fn numbers(&self, kind: TagKind) -> Vec<u32> {
        let tags = self.tags.iter().filter(|tag| tag.kind == kind);
        tags.filter_map(|tag| number_in(kind.value(), &tag.body)).collect()
    }
}
