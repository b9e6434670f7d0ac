//! The server's side of the handshake (RTMP 1.0 section 5.2): C0 C1 in, S0 S1 S2 out, then C2 in.

use super::digest::{self, Packet, Role};
use super::{HandshakeError, HandshakeForm, PACKET_LENGTH, VERSION};
use crate::RandomBytes;

/// The version we claim in a signed S1: clients check digests only when it is at least 3.
const SERVER_VERSION: [u8; 4] = [4, 5, 0, 1];

/// Takes the client's bytes in any fragments and answers them.
///
/// S0, S1 and S2 leave together as soon as C1 is whole, so that a client may send C2 before or after it reads S2.
#[derive(Debug)]
pub struct ServerHandshake {
    state: State,
    random: RandomBytes,
    form: HandshakeForm,
}

#[derive(Debug)]
enum State {
    AwaitingC0,
    AwaitingC1(Vec<u8>),
    AwaitingC2 { missing: usize },
    Done,
}

impl ServerHandshake {
    /// A handshake that waits for C0.
    pub const fn new(random: RandomBytes) -> Self {
        Self { state: State::AwaitingC0, random, form: HandshakeForm::Plain }
    }

    /// True when C2 was read whole.
    pub const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// The form the client asked for; plain until C1 was read.
    pub const fn form(&self) -> HandshakeForm {
        self.form
    }

    /// Takes bytes and appends answers to `out`; returns how many bytes belonged to the handshake. Those behind are
    /// the first chunks.
    ///
    /// # Errors
    /// [`HandshakeError::BadVersion`], before anything is allocated.
    pub fn input(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize, HandshakeError> {
        let mut rest = input;
        loop {
            match &mut self.state {
                State::AwaitingC0 => {
                    let Some((version, tail)) = rest.split_first() else { break };
                    check_version(*version)?;
                    rest = tail;
                    self.state = State::AwaitingC1(Vec::new());
                }
                State::AwaitingC1(packet) => {
                    let (head, tail) = rest.split_at(rest.len().min(PACKET_LENGTH - packet.len()));
                    packet.extend_from_slice(head);
                    rest = tail;
                    let Ok(c1) = Packet::try_from(packet.as_slice()) else { break };
                    self.answer(&c1, out);
                    self.state = State::AwaitingC2 { missing: PACKET_LENGTH };
                }
                // What C2 holds is not checked: clients echo wrong bytes (some send zeros) and play well.
                State::AwaitingC2 { missing } => {
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

    fn answer(&mut self, c1: &Packet, out: &mut Vec<u8>) {
        // Bytes 4..8 are zero in the plain form, the client's version in the other.
        let signed = if c1[4..8] == [0; 4] { None } else { digest::find(c1, Role::Client) };
        let mut s1 = [0; PACKET_LENGTH];
        self.random.fill(&mut s1[8..]);
        let mut s2 = *c1;
        if let Some((form, challenge)) = signed {
            self.form = form;
            s1[4..8].copy_from_slice(&SERVER_VERSION);
            digest::sign(&mut s1, form, Role::Server);
            self.random.fill(&mut s2);
            digest::sign_answer(&mut s2, &challenge, Role::Server);
        }
        out.reserve(1 + 2 * PACKET_LENGTH);
        out.push(VERSION);
        out.extend_from_slice(&s1);
        out.extend_from_slice(&s2);
    }
}

/// Versions 1, 2, 4 and 5 are answered with 3, as the specification wants. 6, 8 and 9 are RTMPE; 0 and everything
/// above is no RTMP: TLS starts with 0x16, HTTP with a letter.
const fn check_version(version: u8) -> Result<(), HandshakeError> {
    match version {
        1..=5 => Ok(()),
        _ => Err(HandshakeError::BadVersion(version)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> ServerHandshake {
        ServerHandshake::new(RandomBytes::new([1; 32]))
    }

    fn signed_c1(form: HandshakeForm) -> (Packet, digest::Digest) {
        let mut c1 = [0; PACKET_LENGTH];
        RandomBytes::new([2; 32]).fill(&mut c1);
        c1[4..8].copy_from_slice(&[9, 0, 124, 2]);
        let digest = digest::sign(&mut c1, form, Role::Client).unwrap();
        (c1, digest)
    }

    #[test]
    fn a_plain_handshake_echoes_c1() {
        let mut server = server();
        let mut out = Vec::new();
        let mut c1 = [7; PACKET_LENGTH];
        c1[4..8].fill(0);
        let bytes = [&[3][..], &c1, &[9; PACKET_LENGTH], b"chunks"].concat();
        assert_eq!(server.input(&bytes, &mut out), Ok(bytes.len() - 6));
        assert!(server.is_done());
        assert_eq!(out.len(), 1 + 2 * PACKET_LENGTH);
        assert_eq!(out[1 + PACKET_LENGTH..], c1);
        assert_eq!(server.form(), HandshakeForm::Plain);
    }

    #[test]
    fn signed_handshakes_are_answered_with_signatures_of_the_same_scheme() {
        for form in [HandshakeForm::Digest0, HandshakeForm::Digest1] {
            let (c1, challenge) = signed_c1(form);
            let mut server = server();
            let mut out = Vec::new();
            server.input(&[&[3][..], &c1].concat(), &mut out).unwrap();
            let s1: Packet = out[1..=PACKET_LENGTH].try_into().unwrap();
            let s2: Packet = out[1 + PACKET_LENGTH..].try_into().unwrap();
            assert_eq!(digest::find(&s1, Role::Server).unwrap().0, form);
            assert!(digest::verify_answer(&s2, &challenge, Role::Server));
        }
    }

    #[test]
    fn every_fragmentation_gives_the_same_answer() {
        let (c1, _) = signed_c1(HandshakeForm::Digest1);
        let bytes = [&[3][..], &c1, &c1].concat();
        let mut whole = Vec::new();
        server().input(&bytes, &mut whole).unwrap();
        for size in [1, 2, 3, 7, 1535, 1536, 1537, 3072] {
            let (mut server, mut out) = (server(), Vec::new());
            for piece in bytes.chunks(size) {
                assert_eq!(server.input(piece, &mut out), Ok(piece.len()));
            }
            assert!(server.is_done());
            assert_eq!(out, whole, "pieces of {size}");
        }
    }
}
