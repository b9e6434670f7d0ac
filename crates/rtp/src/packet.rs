//! RTP packets: the fixed header, contributing sources, header extension and padding (RFC 3550 section 5.1).

use crate::extension::HeaderExtension;
use bytes::{BufMut, Bytes};
use thiserror::Error;

/// The fixed part of the header in bytes.
const FIXED_HEADER_LENGTH: usize = 12;
/// The version every packet carries in its top two bits.
const VERSION: u8 = 2;

/// Why bytes are not an RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PacketError {
    /// The packet ends inside its header.
    #[error("RTP packet of {length} bytes ends inside its header at byte {offset}")]
    Truncated {
        /// Where the missing field starts.
        offset: usize,
        /// Bytes in the packet.
        length: usize,
    },
    /// Not version 2.
    #[error("RTP version {0}, only 2 exists")]
    Version(u8),
    /// The padding count is 0 or exceeds what follows the header.
    #[error("RTP padding of {count} bytes where {available} follow the header")]
    Padding {
        /// The last byte of the packet, the padding's own length.
        count: u8,
        /// Bytes behind the header.
        available: usize,
    },
    /// To be written: more than 15 contributing sources, a payload type above 127, or an extension above 65,535 words.
    #[error("RTP header field {0} out of range")]
    FieldRange(&'static str),
}

/// The header of a packet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RtpHeader {
    /// The marker bit; its meaning is the payload format's.
    pub marker: bool,
    /// The payload type, 0 to 127.
    pub payload_type: u8,
    /// The sequence number; wraps.
    pub sequence_number: u16,
    /// The media timestamp in ticks of the payload format's clock; wraps.
    pub timestamp: u32,
    /// The synchronization source.
    pub ssrc: u32,
    /// Contributing sources, at most 15.
    pub csrc: Vec<u32>,
    /// The header extension, if the packet has one.
    pub extension: Option<HeaderExtension>,
}

/// A whole packet; the payload shares the datagram's buffer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RtpPacket {
    /// The header.
    pub header: RtpHeader,
    /// What lies between header and padding; empty in a packet that only probes the bandwidth.
    pub payload: Bytes,
    /// Padding behind the payload in bytes, its own count included; 0 means none.
    pub padding: u8,
}

impl RtpPacket {
    /// Reads a packet; copies no payload.
    ///
    /// # Errors
    /// The bytes are not version 2, end inside the header, or carry a padding count that cannot be.
    pub fn parse(packet: Bytes) -> Result<Self, PacketError> {
        let mut reader = Reader { packet: &packet, offset: 0 };
        let [first, second] = reader.take::<2>()?;
        if first >> 6 != VERSION {
            return Err(PacketError::Version(first >> 6));
        }
        let sequence_number = u16::from_be_bytes(reader.take()?);
        let timestamp = u32::from_be_bytes(reader.take()?);
        let ssrc = u32::from_be_bytes(reader.take()?);
        let csrc = (0..first & 0x0f).map(|_| reader.take().map(u32::from_be_bytes)).collect::<Result<_, _>>()?;
        let extension = if first & 0x10 != 0 {
            let profile = u16::from_be_bytes(reader.take()?);
            let words = usize::from(u16::from_be_bytes(reader.take()?));
            let start = reader.offset;
            reader.skip(words * 4)?;
            Some(HeaderExtension { profile, data: packet.slice(start..reader.offset) })
        } else {
            None
        };
        let body = packet.slice(reader.offset..);
        let padding = if first & 0x20 != 0 { body.last().copied().unwrap_or(0) } else { 0 };
        let impossible = PacketError::Padding { count: padding, available: body.len() };
        if first & 0x20 != 0 && padding == 0 {
            return Err(impossible);
        }
        let end = body.len().checked_sub(usize::from(padding)).ok_or(impossible)?;
        let header = RtpHeader {
            marker: second & 0x80 != 0,
            payload_type: second & 0x7f,
            sequence_number,
            timestamp,
            ssrc,
            csrc,
            extension,
        };
        Ok(Self { header, payload: body.slice(..end), padding })
    }

    /// Appends the packet to `out`; copies the payload.
    ///
    /// # Errors
    /// A header field does not fit its bits; nothing is appended then.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), PacketError> {
        let RtpHeader { csrc, extension, payload_type, .. } = &self.header;
        let csrc_count = u8::try_from(csrc.len()).ok().filter(|count| *count <= 15);
        let csrc_count = csrc_count.ok_or(PacketError::FieldRange("csrc count"))?;
        if *payload_type > 127 {
            return Err(PacketError::FieldRange("payload type"));
        }
        let words = match extension {
            Some(extension) => u16::try_from(extension.data.len().div_ceil(4))
                .map_err(|_| PacketError::FieldRange("extension length"))?,
            None => 0,
        };
        let flags = u8::from(self.padding > 0) << 5 | u8::from(extension.is_some()) << 4;
        out.reserve(FIXED_HEADER_LENGTH + csrc.len() * 4 + 4 + usize::from(words) * 4 + self.payload.len());
        out.put_u8(VERSION << 6 | flags | csrc_count);
        out.put_u8(u8::from(self.header.marker) << 7 | payload_type);
        out.put_u16(self.header.sequence_number);
        out.put_u32(self.header.timestamp);
        out.put_u32(self.header.ssrc);
        csrc.iter().for_each(|source| out.put_u32(*source));
        if let Some(extension) = extension {
            out.put_u16(extension.profile);
            out.put_u16(words);
            out.put_slice(&extension.data);
            out.put_bytes(0, usize::from(words) * 4 - extension.data.len());
        }
        out.put_slice(&self.payload);
        if let Some(zeros) = self.padding.checked_sub(1) {
            out.put_bytes(0, usize::from(zeros));
            out.put_u8(self.padding);
        }
        Ok(())
    }
}

/// A cursor over the header that fails with its position.
struct Reader<'a> {
    packet: &'a [u8],
    offset: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], PacketError> {
        let field = self.packet.get(self.offset..).and_then(|rest| rest.first_chunk::<N>());
        let field = *field.ok_or(self.truncated())?;
        self.offset += N;
        Ok(field)
    }

    fn skip(&mut self, count: usize) -> Result<(), PacketError> {
        let end = self.offset + count;
        if end > self.packet.len() {
            return Err(self.truncated());
        }
        self.offset = end;
        Ok(())
    }

    fn truncated(&self) -> PacketError {
        PacketError::Truncated { offset: self.offset, length: self.packet.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(packet: &[u8]) -> Result<RtpPacket, PacketError> {
        RtpPacket::parse(Bytes::copy_from_slice(packet))
    }

    const HEADER: [u8; 12] = [0x80, 0x60, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];

    #[test]
    fn reads_every_field() {
        let mut packet = vec![0xb1, 0xe5, 0x12, 0x34, 0, 0, 0, 9, 0, 0, 0, 7, 0, 0, 0, 5];
        packet.extend([0xbe, 0xde, 0, 1, 0x10, 0xaa, 0, 0]);
        packet.extend([1, 2, 3, 0, 0, 3]);
        let read = parse(&packet).unwrap();
        assert!(read.header.marker);
        assert_eq!((read.header.payload_type, read.header.sequence_number), (0x65, 0x1234));
        assert_eq!((read.header.timestamp, read.header.ssrc, &read.header.csrc[..]), (9, 7, &[5][..]));
        assert_eq!(read.header.extension.as_ref().unwrap().data, [0x10, 0xaa, 0, 0][..]);
        assert_eq!((&read.payload[..], read.padding), (&[1, 2, 3][..], 3));
        let mut written = Vec::new();
        read.write(&mut written).unwrap();
        assert_eq!(written, packet);
    }

    #[test]
    fn a_packet_of_only_padding_has_an_empty_payload() {
        let mut packet = HEADER.to_vec();
        packet[0] |= 0x20;
        packet.extend([0, 0, 0, 4]);
        assert!(parse(&packet).unwrap().payload.is_empty());
    }

    #[test]
    fn hostile_65_padding_of_zero_or_beyond_the_payload_is_an_error() {
        let mut packet = HEADER.to_vec();
        packet[0] |= 0x20;
        assert_eq!(parse(&packet), Err(PacketError::Padding { count: 0, available: 0 }));
        packet.extend([9, 0]);
        assert_eq!(parse(&packet), Err(PacketError::Padding { count: 0, available: 2 }));
        packet[13] = 3;
        assert_eq!(parse(&packet), Err(PacketError::Padding { count: 3, available: 2 }));
        packet[13] = 255;
        assert_eq!(parse(&packet), Err(PacketError::Padding { count: 255, available: 2 }));
        packet[13] = 2;
        assert!(parse(&packet).is_ok());
    }

    #[test]
    fn headers_cut_anywhere_are_errors() {
        let mut packet = vec![0x91, 0x60, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0xbe, 0xde, 0, 2];
        packet.extend([0; 8]);
        for length in 0..packet.len() {
            let error = parse(&packet[..length]).unwrap_err();
            assert!(matches!(error, PacketError::Truncated { length: total, .. } if total == length), "{length}");
        }
        assert!(parse(&packet).unwrap().payload.is_empty());
        assert_eq!(parse(&[0x40; 20]), Err(PacketError::Version(1)));
    }

    #[test]
    fn fields_that_do_not_fit_are_not_written() {
        let mut out = Vec::new();
        let mut packet = RtpPacket::default();
        packet.header.csrc = vec![0; 16];
        assert_eq!(packet.write(&mut out), Err(PacketError::FieldRange("csrc count")));
        packet.header.csrc.clear();
        packet.header.payload_type = 128;
        assert_eq!(packet.write(&mut out), Err(PacketError::FieldRange("payload type")));
        packet.header.payload_type = 96;
        packet.header.extension = Some(HeaderExtension { profile: 0xbede, data: Bytes::from(vec![0; 262_144]) });
        assert_eq!(packet.write(&mut out), Err(PacketError::FieldRange("extension length")));
        assert!(out.is_empty());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            (marker, payload_type, sequence_number) in any::<(bool, u8, u16)>(),
            (timestamp, ssrc) in any::<(u32, u32)>(),
            csrc in prop::collection::vec(any::<u32>(), 0..=15),
            extension in prop::option::of((any::<u16>(), 0..9_usize)),
            payload in prop::collection::vec(any::<u8>(), 0..40),
            padding in any::<u8>(),
        ) {
            let payload_type = payload_type & 0x7f;
            let extension = extension
                .map(|(profile, words)| HeaderExtension { profile, data: Bytes::from(vec![7; words * 4]) });
            let header = RtpHeader { marker, payload_type, sequence_number, timestamp, ssrc, csrc, extension };
            let packet = RtpPacket { header, payload: Bytes::from(payload), padding };
            let mut written = Vec::new();
            packet.write(&mut written).unwrap();
            prop_assert_eq!(RtpPacket::parse(Bytes::from(written)).unwrap(), packet);
        }

        #[test]
        fn any_bytes_are_a_packet_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = RtpPacket::parse(Bytes::from(bytes));
        }
    }
}
