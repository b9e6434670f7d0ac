//! The digests of the complex handshake: HMAC-SHA256 at an offset that the packet itself tells, in two schemes.
//!
//! No specification exists; the positions and keys are common knowledge among implementations since 2009.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::{HandshakeForm, PACKET_LENGTH};

/// A C1, S1, C2 or S2.
pub(super) type Packet = [u8; PACKET_LENGTH];
/// A SHA-256 digest.
pub(super) type Digest = [u8; DIGEST_LENGTH];

const DIGEST_LENGTH: usize = 32;
/// Where the digest of C2 and S2 stands: at their end.
const TAIL: usize = PACKET_LENGTH - DIGEST_LENGTH;
/// Each scheme keeps its digest in one 764-byte block that starts with 4 offset bytes: 764 - 4 - 32 places.
const PLACES: usize = 728;

const SERVER_NAME: &[u8] = b"Genuine Adobe Flash Media Server 001";
const CLIENT_NAME: &[u8] = b"Genuine Adobe Flash Player 001";
/// The second part of both keys, used for C2 and S2.
const SUFFIX: [u8; 32] = [
    0xF0, 0xEE, 0xC2, 0x4A, 0x80, 0x68, 0xBE, 0xE8, 0x2E, 0x00, 0xD0, 0xD1, 0x02, 0x9E, 0x7E, 0x57, 0x6E, 0xEC, 0x5D,
    0x2D, 0x29, 0x80, 0x6F, 0xAB, 0x93, 0xB8, 0xE6, 0x36, 0xCF, 0xEB, 0x31, 0xAE,
];

/// Which end made a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Client,
    Server,
}

impl Role {
    const fn name(self) -> &'static [u8] {
        match self {
            Self::Client => CLIENT_NAME,
            Self::Server => SERVER_NAME,
        }
    }
}

/// Looks for the digest of a C1 or S1 made by `role`, scheme 0 first.
pub(super) fn find(packet: &Packet, role: Role) -> Option<(HandshakeForm, Digest)> {
    [HandshakeForm::Digest0, HandshakeForm::Digest1].into_iter().find_map(|form| {
        let at = position(packet, form)?;
        let mac = mac_without(packet, at, role);
        let found = packet.get(at..at + DIGEST_LENGTH)?;
        // Compares in constant time.
        mac.verify_slice(found).ok()?;
        Some((form, found.try_into().ok()?))
    })
}

/// Writes the digest into a C1 or S1 made by `role` at the place of `form`. Nothing happens for the plain form.
pub(super) fn sign(packet: &mut Packet, form: HandshakeForm, role: Role) -> Option<Digest> {
    let at = position(packet, form)?;
    let digest: Digest = mac_without(packet, at, role).finalize().into_bytes().into();
    packet.get_mut(at..at + DIGEST_LENGTH)?.copy_from_slice(&digest);
    Some(digest)
}

/// Writes the digest at the end of a C2 or S2 made by `role` in answer to the `challenge` digest.
pub(super) fn sign_answer(packet: &mut Packet, challenge: &Digest, role: Role) {
    let (head, tail) = packet.split_at_mut(TAIL);
    let mac = answer_mac(head, challenge, role);
    tail.copy_from_slice(&mac.finalize().into_bytes());
}

/// True when a C2 or S2 made by `role` answers the `challenge` digest.
#[cfg(test)]
pub(super) fn verify_answer(packet: &Packet, challenge: &Digest, role: Role) -> bool {
    let (head, tail) = packet.split_at(TAIL);
    answer_mac(head, challenge, role).verify_slice(tail).is_ok()
}

fn answer_mac(head: &[u8], challenge: &Digest, role: Role) -> Hmac<Sha256> {
    let mut outer = keyed(&[role.name(), &SUFFIX[..]].concat());
    Mac::update(&mut outer, challenge);
    let mut mac = keyed(&outer.finalize().into_bytes());
    Mac::update(&mut mac, head);
    mac
}

fn mac_without(packet: &Packet, at: usize, role: Role) -> Hmac<Sha256> {
    let mut mac = keyed(role.name());
    let (before, rest) = packet.split_at(at.min(TAIL));
    Mac::update(&mut mac, before);
    Mac::update(&mut mac, rest.get(DIGEST_LENGTH..).unwrap_or_default());
    mac
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    // HMAC takes keys of every length; the fallback is unreachable and harmless.
    <Hmac<Sha256> as Mac>::new_from_slice(key).unwrap_or_else(|_| <Hmac<Sha256> as Mac>::new(&Default::default()))
}

/// Where the digest stands: four bytes of the packet are summed, so that every value points inside the block.
fn position(packet: &Packet, form: HandshakeForm) -> Option<usize> {
    let offset_at = match form {
        HandshakeForm::Plain => return None,
        HandshakeForm::Digest0 => 8,
        HandshakeForm::Digest1 => 772,
    };
    let sum: usize = packet.get(offset_at..offset_at + 4)?.iter().map(|byte| usize::from(*byte)).sum();
    Some(offset_at + 4 + sum % PLACES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RandomBytes;

    #[test]
    fn signed_packets_verify_in_both_schemes() {
        for form in [HandshakeForm::Digest0, HandshakeForm::Digest1] {
            for role in [Role::Client, Role::Server] {
                let mut packet = [0; PACKET_LENGTH];
                RandomBytes::new([3; 32]).fill(&mut packet);
                let digest = sign(&mut packet, form, role).unwrap();
                assert_eq!(find(&packet, role), Some((form, digest)));
                packet[1535] ^= 1;
                assert_eq!(find(&packet, role), None);
            }
        }
    }

    #[test]
    fn the_largest_offsets_stay_inside() {
        for form in [HandshakeForm::Digest0, HandshakeForm::Digest1] {
            let mut packet = [0xFF; PACKET_LENGTH];
            let digest = sign(&mut packet, form, Role::Client).unwrap();
            assert!(packet.windows(32).any(|w| w == digest));
        }
    }

    #[test]
    fn answers_verify_against_their_challenge_only() {
        let mut packet = [5; PACKET_LENGTH];
        sign_answer(&mut packet, &[1; 32], Role::Server);
        assert!(verify_answer(&packet, &[1; 32], Role::Server));
        assert!(!verify_answer(&packet, &[2; 32], Role::Server));
        assert!(!verify_answer(&packet, &[1; 32], Role::Client));
    }
}
