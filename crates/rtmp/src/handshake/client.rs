//! The client's side of the handshake (RTMP 1.0 section 5.2): C0 C1 out, S0 S1 in, C2 out, S2 in (in either order).

use super::digest::{self, Packet, Role};
use super::{HandshakeError, HandshakeForm, PACKET_LENGTH, VERSION};
use crate::RandomBytes;

/// The version a signing client claims: that of a Flash Player that servers know.
const CLIENT_VERSION: [u8; 4] = [9, 0, 124, 2];

/// Sends C0 and C1, answers S1, waits for S2.
#[derive(Debug)]
pub struct ClientHandshake {
    state: State,
    random: RandomBytes,
}

#[derive(Debug)]
enum State {
    AwaitingS0,
    AwaitingS1(Vec<u8>),
    AwaitingS2 { missing: usize },
    Done,
}

impl ClientHandshake {
    /// Starts a handshake of `form`: appends C0 and C1 to `out`.
    pub fn new(mut random: RandomBytes, form: HandshakeForm, out: &mut Vec<u8>) -> Self {
        let mut c1 = [0; PACKET_LENGTH];
        random.fill(&mut c1[8..]);
        if form != HandshakeForm::Plain {
            c1[4..8].copy_from_slice(&CLIENT_VERSION);
            digest::sign(&mut c1, form, Role::Client);
        }
        out.push(VERSION);
        out.extend_from_slice(&c1);
        Self { state: State::AwaitingS0, random }
    }

    /// True when S2 was read whole.
    pub const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Takes the server's bytes in any fragments and appends C2 to `out`; returns how many belonged to the handshake.
    ///
    /// # Errors
    /// [`HandshakeError::BadVersion`] when the server answers with something that is no RTMP version (above 31).
    pub fn input(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize, HandshakeError> {
        let mut rest = input;
        loop {
            match &mut self.state {
                State::AwaitingS0 => {
                    let Some((version, tail)) = rest.split_first() else { break };
                    if !(1..32).contains(version) {
                        return Err(HandshakeError::BadVersion(*version));
                    }
                    rest = tail;
                    self.state = State::AwaitingS1(Vec::new());
                }
                State::AwaitingS1(packet) => {
                    let (head, tail) = rest.split_at(rest.len().min(PACKET_LENGTH - packet.len()));
                    packet.extend_from_slice(head);
                    rest = tail;
                    let Ok(s1) = Packet::try_from(packet.as_slice()) else { break };
                    out.extend_from_slice(&self.answer(&s1));
                    self.state = State::AwaitingS2 { missing: PACKET_LENGTH };
                }
                State::AwaitingS2 { missing } => {
                    let taken = rest.len().min(*missing);
                    rest = rest.get(taken..).unwrap_or_default();
                    *missing -= taken;
                    if *missing > 0 {
                        break;
                    }
                    self.state = State::Done;
                }
                State::Done => break,
            }
        }
        Ok(input.len() - rest.len())
    }

    fn answer(&mut self, s1: &Packet) -> Packet {
        let mut c2 = *s1;
        if let Some((_, challenge)) = digest::find(s1, Role::Server) {
            self.random.fill(&mut c2);
            digest::sign_answer(&mut c2, &challenge, Role::Client);
        }
        c2
    }
}

#[cfg(test)]
mod tests {
    use super::super::ServerHandshake;
    use super::*;

    #[test]
    fn both_ends_agree_in_every_form() {
        for form in [HandshakeForm::Plain, HandshakeForm::Digest0, HandshakeForm::Digest1] {
            let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
            let mut client = ClientHandshake::new(RandomBytes::new([4; 32]), form, &mut to_server);
            let mut server = ServerHandshake::new(RandomBytes::new([5; 32]));
            server.input(&to_server, &mut to_client).unwrap();
            to_server.clear();
            client.input(&to_client, &mut to_server).unwrap();
            server.input(&to_server, &mut to_client).unwrap();
            assert!(client.is_done() && server.is_done());
            assert_eq!(server.form(), form);
        }
    }

    #[test]
    fn c2_leaves_on_s1_whether_s2_came_or_waits_for_it() {
        let s1 = [9; PACKET_LENGTH];
        for together in [true, false] {
            let mut out = Vec::new();
            let mut client = ClientHandshake::new(RandomBytes::new([4; 32]), HandshakeForm::Plain, &mut out);
            out.clear();
            let answer = [&[3][..], &s1, &[1; PACKET_LENGTH], b"chunks"].concat();
            let (first, second) =
                if together { (&answer[..], &answer[..0]) } else { answer.split_at(1 + PACKET_LENGTH) };
            let taken = client.input(first, &mut out).unwrap();
            assert_eq!(out, s1, "C2 echoes S1");
            let taken = taken + client.input(second, &mut out).unwrap();
            assert!(client.is_done());
            assert_eq!((taken, out.len()), (answer.len() - 6, PACKET_LENGTH));
        }
    }

    #[test]
    fn a_server_that_is_no_rtmp_server_is_refused() {
        for byte in [0, 32, b'H', 0xFF] {
            let mut out = Vec::new();
            let mut client = ClientHandshake::new(RandomBytes::new([4; 32]), HandshakeForm::Plain, &mut out);
            assert_eq!(client.input(&[byte], &mut out), Err(HandshakeError::BadVersion(byte)));
        }
    }
}
