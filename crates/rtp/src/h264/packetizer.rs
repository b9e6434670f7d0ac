//! AVCC access units to RTP payloads: Single NAL, STAP-A and FU-A (RFC 6184 sections 5.6, 5.7.1 and 5.8).

use super::nal;
use crate::payload::{DEFAULT_MAX_PAYLOAD_SIZE, RtpPayload};
use bytes::Bytes;
use rtmp_gateway_media::NalError;
use rtmp_gateway_media::h264::{NalUnitType, nal_units};
use std::ops::Range;
use std::sync::Arc;
use thiserror::Error;

/// The smallest payload size that is honoured; below it fragments would be nearly all header.
const MIN_PAYLOAD_SIZE: usize = 64;

/// The largest NAL unit sent unfragmented in mode 0, in bytes: what fits a UDP datagram beside its headers.
const MAX_SINGLE_NAL: usize = 65_000;

/// What the peer negotiated as `packetization-mode` (RFC 6184 section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PacketizationMode {
    /// Mode 0: one NAL unit a packet. A NAL unit above the payload size goes out whole and IP fragments it: only the
    /// encoder could have cut it smaller.
    SingleNal,
    /// Mode 1: aggregation and fragmentation, in decode order.
    #[default]
    NonInterleaved,
}

/// Parameter sets to put in-band before an IDR picture.
#[derive(Debug, Clone, Copy)]
pub struct InBandParameterSets<'a> {
    /// Sequence parameter sets, NAL header included.
    pub sps: &'a [Bytes],
    /// Picture parameter sets, NAL header included.
    pub pps: &'a [Bytes],
}

/// Why an access unit could not be packetized; nothing of it is to be sent then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PacketizeError {
    /// The access unit is not well-formed AVCC.
    #[error(transparent)]
    Nal(#[from] NalError),
    /// Mode 0 cannot carry a NAL unit that does not fit a datagram.
    #[error("NAL unit of {length} bytes at byte {offset} cannot be sent unfragmented")]
    TooLarge {
        /// Where the NAL unit starts.
        offset: usize,
        /// Its length in bytes.
        length: usize,
    },
}

/// Cuts access units into RTP payloads. Holds no state between access units: one serves any number of streams.
#[derive(Debug, Clone, Copy)]
pub struct Packetizer {
    mode: PacketizationMode,
    max_payload_size: usize,
}

impl Default for Packetizer {
    fn default() -> Self {
        Self::new(PacketizationMode::NonInterleaved, DEFAULT_MAX_PAYLOAD_SIZE)
    }
}

impl Packetizer {
    /// A packetizer whose payloads are at most `max_payload_size` bytes (raised to 64 when below).
    pub fn new(mode: PacketizationMode, max_payload_size: usize) -> Self {
        Self { mode, max_payload_size: max_payload_size.max(MIN_PAYLOAD_SIZE) }
    }

    /// The payloads of one access unit in AVCC form, in sending order; the last one is marked.
    ///
    /// - Access unit delimiters and filler are dropped, SEI is kept.
    /// - `parameter_sets` (give them for an IDR picture) go first, aggregated and never fragmented unless one alone is
    ///   larger than a packet; parameter sets inside the access unit are dropped then, since the given ones may be a
    ///   rewritten form of them. Without `parameter_sets` those inside are kept and aggregated.
    /// - Fragments of one NAL unit are equally long, the last maybe shorter, so that one segmented UDP send carries them.
    /// - The bytes of a packet are copied once, into the packet.
    ///
    /// Empty when nothing is left to send.
    ///
    /// # Errors
    /// The access unit is not well-formed AVCC of `nal_length_size` (1 to 4, others are clamped) byte lengths, or cannot
    /// be sent in mode 0.
    pub fn packetize(
        &self,
        access_unit: &[u8],
        nal_length_size: usize,
        parameter_sets: Option<InBandParameterSets<'_>>,
    ) -> Result<Vec<RtpPayload>, PacketizeError> {
        let mut out = Vec::with_capacity(access_unit.len() / self.max_payload_size + 3);
        let mut pending: Vec<&[u8]> = Vec::new();
        let drop_inside = parameter_sets.is_some();
        if let Some(sets) = parameter_sets {
            pending.extend(sets.sps.iter().chain(sets.pps).map(Bytes::as_ref).filter(|set| !set.is_empty()));
        }
        for nal in nal_units(access_unit, nal_length_size) {
            let nal = nal?;
            match nal.unit_type() {
                NalUnitType::AccessUnitDelimiter | NalUnitType::FillerData => {}
                kind if kind.is_parameter_set() => {
                    if !drop_inside {
                        pending.push(nal.bytes);
                    }
                }
                _ => {
                    self.flush_parameter_sets(&mut pending, &mut out)?;
                    self.push_nal(access_unit, nal.offset..nal.offset + nal.bytes.len(), &mut out)?;
                }
            }
        }
        self.flush_parameter_sets(&mut pending, &mut out)?;
        if let Some(last) = out.last_mut() {
            last.marker = true;
        }
        Ok(out)
    }

    /// Sends the collected parameter sets: aggregated as far as a packet holds them, in mode 0 each alone.
    fn flush_parameter_sets(&self, pending: &mut Vec<&[u8]>, out: &mut Vec<RtpPayload>) -> Result<(), PacketizeError> {
        let mut sets = pending.as_slice();
        while let Some(first) = sets.first() {
            let count = match self.mode {
                PacketizationMode::SingleNal => 1,
                PacketizationMode::NonInterleaved => self.aggregation_count(sets),
            };
            let (group, rest) = sets.split_at(count.clamp(1, sets.len()));
            sets = rest;
            if group.len() > 1 {
                out.push(unmarked(stap_a(group)));
            } else if self.fits(first) {
                out.push(unmarked(Arc::from(*first)));
            } else {
                // Larger than a packet by itself: fragmentation wants two bytes in front, see `push_fragments`.
                let mut framed = vec![0];
                framed.extend_from_slice(first);
                self.push_nal(&framed, 1..framed.len(), out)?;
            }
        }
        pending.clear();
        Ok(())
    }

    /// How many of `sets`, from the first, fit one STAP-A.
    fn aggregation_count(&self, sets: &[&[u8]]) -> usize {
        let mut size = 1;
        sets.iter()
            .take_while(|set| {
                size += 2 + set.len();
                size <= self.max_payload_size
            })
            .count()
    }

    fn fits(&self, nal: &[u8]) -> bool {
        nal.len() <= self.max_payload_size
    }

    /// Sends the NAL unit at `range` of `buffer` (at least one byte is in front of it).
    fn push_nal(&self, buffer: &[u8], range: Range<usize>, out: &mut Vec<RtpPayload>) -> Result<(), PacketizeError> {
        let nal = buffer.get(range.clone()).unwrap_or_default();
        if self.fits(nal) {
            out.push(unmarked(Arc::from(nal)));
            return Ok(());
        }
        match self.mode {
            PacketizationMode::SingleNal if nal.len() > MAX_SINGLE_NAL => {
                Err(PacketizeError::TooLarge { offset: range.start, length: nal.len() })
            }
            PacketizationMode::SingleNal => {
                out.push(unmarked(Arc::from(nal)));
                Ok(())
            }
            PacketizationMode::NonInterleaved => {
                self.push_fragments(buffer, range, out);
                Ok(())
            }
        }
    }

    /// FU-A: the NAL header moves into the FU indicator and header, the rest is cut into equal fragments.
    ///
    /// Every fragment has at least two bytes in front of it in `buffer` (the length field and the NAL header, or the
    /// fragment before): they are copied along and overwritten, so that a packet is one allocation and one copy.
    fn push_fragments(&self, buffer: &[u8], range: Range<usize>, out: &mut Vec<RtpPayload>) {
        let Some(&header) = buffer.get(range.start) else { return };
        let body = range.start + 1..range.end;
        let count = body.len().div_ceil(self.max_payload_size - 2).max(1);
        let size = body.len().div_ceil(count).max(1);
        let indicator = header & !nal::TYPE_MASK | nal::FU_A;
        for start in body.clone().step_by(size) {
            let end = (start + size).min(body.end);
            let Some(with_room) = buffer.get(start.saturating_sub(2)..end) else { return };
            let mut payload: Arc<[u8]> = Arc::from(with_room);
            if let Some([first, second, ..]) = Arc::get_mut(&mut payload) {
                let start_bit = if start == body.start { nal::FU_START } else { 0 };
                let end_bit = if end == body.end { nal::FU_END } else { 0 };
                *first = indicator;
                *second = start_bit | end_bit | header & nal::TYPE_MASK;
            }
            out.push(unmarked(payload));
        }
    }
}

fn unmarked(payload: Arc<[u8]>) -> RtpPayload {
    RtpPayload { payload, marker: false }
}

/// One STAP-A of several NAL units, each at most 65,535 bytes; its importance is the highest of theirs.
fn stap_a(nals: &[&[u8]]) -> Arc<[u8]> {
    let importance = nals.iter().filter_map(|nal| nal.first()).map(|header| header & nal::NRI_MASK).max();
    let mut payload = vec![importance.unwrap_or(0) | nal::STAP_A];
    for nal in nals {
        payload.extend_from_slice(&u16::try_from(nal.len()).unwrap_or(u16::MAX).to_be_bytes());
        payload.extend_from_slice(nal);
    }
    Arc::from(payload)
}

#[cfg(test)]
#[path = "packetizer_tests.rs"]
mod tests;
