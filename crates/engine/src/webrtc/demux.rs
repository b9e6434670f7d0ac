//! Which kind of packet a datagram holds (RFC 7983), looked at before anything is spent on it.

use str0m::ice::StunMessage;

/// A datagram by its first bytes.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "lives on the stack of one call; a box would be an allocation per datagram"
)]
pub(super) enum Datagram<'a> {
    /// An ICE connectivity check, with the user fragment of ours that it names.
    Check {
        /// Our user fragment.
        ufrag: &'a str,
        /// The whole message.
        message: StunMessage<'a>,
    },
    /// DTLS, SRTP or SRTCP: belongs to the session of its source address.
    Session,
    /// Nothing that we answer or look into.
    Garbage,
}

/// DTLS records have at least a header of 13 bytes (RFC 6347 section 4.1).
const MIN_DTLS: usize = 13;
/// SRTP has at least its header; SRTCP a header, an index and a tag of ten bytes or more (RFC 3711 section 3.4).
const MIN_SRTP: usize = 12;
/// See [`MIN_SRTP`].
const MIN_SRTCP: usize = 8 + 4 + 10;

/// Sorts a datagram.
pub(super) fn classify(datagram: &[u8]) -> Datagram<'_> {
    match *datagram {
        [0..=3, ..] => check(datagram).unwrap_or(Datagram::Garbage),
        [20..=63, ..] if datagram.len() >= MIN_DTLS => Datagram::Session,
        // RTCP's packet types 192 to 223 look like payload types 64 to 95 behind the marker bit (RFC 5761 section 4).
        [128..=191, second, ..] if (64..96).contains(&(second & 0x7f)) && datagram.len() >= MIN_SRTCP => {
            Datagram::Session
        }
        [128..=191, second, ..] if !(64..96).contains(&(second & 0x7f)) && datagram.len() > MIN_SRTP => {
            Datagram::Session
        }
        _ => Datagram::Garbage,
    }
}

fn check(datagram: &[u8]) -> Option<Datagram<'_>> {
    let message = StunMessage::parse(datagram).ok()?;
    if !message.is_binding_request() {
        return None;
    }
    // RFC 8445 section 7.2.2: USERNAME is our user fragment, a colon, the peer's.
    let ufrag = message.username()?.split_once(':')?.0;
    Some(Datagram::Check { ufrag, message })
}

#[cfg(test)]
mod tests {
    use super::*;
    use str0m::ice::TransId;

    fn hmac(_: &[u8], _: &[&[u8]]) -> [u8; 20] {
        [7; 20]
    }

    fn request() -> Vec<u8> {
        let message = StunMessage::binding_request("ours:theirs", TransId::new(), true, 1, 2, true);
        let mut buffer = vec![0; 256];
        let length = message.to_bytes(Some(b"password"), &mut buffer, hmac).expect("message");
        buffer.truncate(length);
        buffer
    }

    #[test]
    fn a_check_names_its_session() {
        let request = request();
        assert!(matches!(classify(&request), Datagram::Check { ufrag: "ours", .. }));
    }

    #[test]
    fn hostile_48_partial_and_foreign_stun_is_garbage() {
        let request = request();
        for cut in 0..request.len() {
            assert!(matches!(classify(&request[..cut]), Datagram::Garbage), "{cut}");
        }
        let mut longer = request.clone();
        longer[3] = longer[3].wrapping_add(4);
        assert!(matches!(classify(&longer), Datagram::Garbage));
        // A Binding Indication is never answered.
        let mut indication = request;
        indication[1] |= 0x10;
        assert!(matches!(classify(&indication), Datagram::Garbage));
    }

    #[test]
    fn hostile_49_stun_errors_with_short_codes_are_garbage() {
        for length in 0..8_u8 {
            let mut message = vec![0x01, 0x11, 0, 4 + ((length + 3) & !3), 0x21, 0x12, 0xa4, 0x42];
            message.extend([0; 12]);
            message.extend([0, 9, 0, length]);
            message.resize(20 + usize::from(message[3]), 0);
            assert!(matches!(classify(&message), Datagram::Garbage), "{length}");
        }
    }

    #[test]
    fn hostile_62_and_63_short_secure_packets_are_garbage() {
        for length in 0..=200 {
            for second in [72, 200, 96, 111, 0] {
                let mut datagram = vec![0; length];
                if let [first, ..] = datagram.as_mut_slice() {
                    *first = 0x80;
                }
                if let Some(byte) = datagram.get_mut(1) {
                    *byte = second;
                }
                let short = length < if matches!(second & 0x7f, 64..96) { 22 } else { 13 };
                assert_eq!(matches!(classify(&datagram), Datagram::Garbage), short, "{length} {second}");
            }
        }
    }

    #[test]
    fn every_first_byte_is_sorted_without_a_panic() {
        for first in 0..=255_u8 {
            for length in [1, 2, 12, 13, 20, 64] {
                let mut datagram = vec![0; length];
                datagram[0] = first;
                let _ = classify(&datagram);
            }
        }
        assert!(matches!(classify(&[]), Datagram::Garbage));
    }
}
