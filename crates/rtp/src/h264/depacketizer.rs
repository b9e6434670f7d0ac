//! RTP payloads to AVCC access units (RFC 6184 section 5, ISO/IEC 14496-15 section 5.3.4.2).

use super::parameter_sets::{ParameterSetError, ParameterSetStore, ParameterSets};
use super::payload::{Payload, PayloadError};
use bytes::Bytes;
use rtmp_gateway_media::h264::{NalUnitType, write_nal_unit};
use std::sync::Arc;
use thiserror::Error;

/// The largest access unit in bytes: a 4K keyframe stays below 2 MB. Without it a sender that never ends a frame fills
/// the memory.
pub const MAX_ACCESS_UNIT_LENGTH: usize = 8 << 20;

/// The length field in front of each NAL unit of the output, in bytes.
const LENGTH_SIZE: usize = 4;

/// Why an access unit is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DepacketizeError {
    /// A payload is not of the non-interleaved mode.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// A parameter set cannot be kept.
    #[error(transparent)]
    ParameterSet(#[from] ParameterSetError),
    /// A middle or last fragment of a NAL unit whose first was not there.
    #[error("FU-A of NAL type {0} without its start")]
    FragmentWithoutStart(u8),
    /// A fragment of another type than the NAL unit in progress.
    #[error("FU-A of NAL type {found} inside a NAL unit of type {expected}")]
    FragmentOfOtherNal {
        /// The type in progress.
        expected: u8,
        /// The fragment's type.
        found: u8,
    },
    /// The NAL unit in progress never got its last fragment.
    #[error("NAL unit of type {0} without its last FU-A")]
    FragmentWithoutEnd(u8),
    /// Above 8 MiB.
    #[error("access unit above {MAX_ACCESS_UNIT_LENGTH} bytes")]
    TooLarge,
}

/// A whole access unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessUnit {
    /// NAL units behind 4-byte lengths, without parameter sets, delimiters and filler.
    pub payload: Bytes,
    /// Whether it is an IDR picture.
    pub keyframe: bool,
    /// The parameter sets in force; `None` while the sender has not shown one of each kind.
    pub parameter_sets: Option<Arc<ParameterSets>>,
}

/// Joins the payloads of an access unit. Wants every payload of it, in order: order and completeness are the jitter
/// buffer's work.
#[derive(Debug, Clone, Default)]
pub struct Depacketizer {
    out: Vec<u8>,
    /// Where in `out` the length field of the NAL unit in progress is.
    open: Option<usize>,
    keyframe: bool,
    has_slice: bool,
    damage: Option<DepacketizeError>,
    parameter_sets: ParameterSetStore,
}

impl Depacketizer {
    /// A depacketizer before its first packet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Parameter sets known from elsewhere (`sprop-parameter-sets` of a session description), as if seen in-band.
    ///
    /// # Errors
    /// A set cannot be kept; none of them is then.
    pub fn set_parameter_sets(&mut self, sps: &[Bytes], pps: &[Bytes]) -> Result<(), ParameterSetError> {
        let staged = sps.iter().chain(pps).try_for_each(|set| self.parameter_sets.stage(set));
        if staged.is_err() {
            self.parameter_sets.discard();
            return staged;
        }
        self.parameter_sets.commit(true)
    }

    /// The parameter sets in force.
    pub fn parameter_sets(&self) -> Option<&Arc<ParameterSets>> {
        self.parameter_sets.current()
    }

    /// Makes room for an access unit of about `length` bytes.
    pub fn reserve(&mut self, length: usize) {
        self.out.reserve_exact(length.min(MAX_ACCESS_UNIT_LENGTH));
    }

    /// Adds the next payload of the access unit.
    ///
    /// # Errors
    /// The access unit is damaged: further payloads are ignored until [`Self::finish`], which repeats the error.
    pub fn push(&mut self, payload: &[u8]) -> Result<(), DepacketizeError> {
        if let Some(damage) = self.damage {
            return Err(damage);
        }
        let pushed = self.try_push(payload);
        self.damage = pushed.err();
        pushed
    }

    fn try_push(&mut self, payload: &[u8]) -> Result<(), DepacketizeError> {
        if self.out.len().saturating_add(payload.len() * 2) > MAX_ACCESS_UNIT_LENGTH {
            return Err(DepacketizeError::TooLarge);
        }
        let payload = Payload::parse(payload)?;
        if !matches!(payload, Payload::Fragment { .. } | Payload::Empty) {
            self.expect_no_fragment()?;
        }
        match payload {
            Payload::Empty => Ok(()),
            Payload::Single(nal) => self.push_nal(nal),
            Payload::ByteStream(mut nals) => nals.try_for_each(|nal| self.push_nal(nal)),
            Payload::Aggregate(mut nals) => nals.try_for_each(|nal| self.push_nal(nal)),
            Payload::Fragment { header, start, end, body } => self.push_fragment(header, start, end, body),
        }
    }

    fn push_nal(&mut self, nal: &[u8]) -> Result<(), DepacketizeError> {
        let kind = NalUnitType::from_header(nal.first().copied().unwrap_or(0));
        match kind {
            NalUnitType::Sps | NalUnitType::Pps => self.parameter_sets.stage(nal)?,
            NalUnitType::AccessUnitDelimiter | NalUnitType::FillerData => {}
            _ => {
                self.note_slice(kind);
                write_nal_unit(&mut self.out, nal);
            }
        }
        Ok(())
    }

    fn push_fragment(&mut self, header: u8, start: bool, end: bool, body: &[u8]) -> Result<(), DepacketizeError> {
        let found = NalUnitType::from_header(header);
        let open = if start {
            self.expect_no_fragment()?;
            let open = self.out.len();
            self.out.extend_from_slice(&[0; LENGTH_SIZE]);
            self.out.push(header);
            self.open = Some(open);
            open
        } else {
            self.open.ok_or(DepacketizeError::FragmentWithoutStart(found.value()))?
        };
        let expected = self.type_at(open);
        if expected != found {
            let (expected, found) = (expected.value(), found.value());
            return Err(DepacketizeError::FragmentOfOtherNal { expected, found });
        }
        self.out.extend_from_slice(body);
        if end {
            self.open = None;
            self.close_nal(open, expected)?;
        }
        Ok(())
    }

    /// The NAL unit at `open` is whole: fills in its length, or takes it out when it does not belong into the output.
    fn close_nal(&mut self, open: usize, kind: NalUnitType) -> Result<(), DepacketizeError> {
        let nal = self.out.get(open + LENGTH_SIZE..).unwrap_or_default();
        match kind {
            NalUnitType::Sps | NalUnitType::Pps => {
                self.parameter_sets.stage(nal)?;
                self.out.truncate(open);
            }
            NalUnitType::AccessUnitDelimiter | NalUnitType::FillerData => self.out.truncate(open),
            _ => {
                let length = u32::try_from(nal.len()).unwrap_or(u32::MAX).to_be_bytes();
                if let Some(field) = self.out.get_mut(open..open + LENGTH_SIZE) {
                    field.copy_from_slice(&length);
                }
                self.note_slice(kind);
            }
        }
        Ok(())
    }

    fn note_slice(&mut self, kind: NalUnitType) {
        self.has_slice |= kind.is_slice();
        self.keyframe |= kind == NalUnitType::IdrSlice;
    }

    fn type_at(&self, open: usize) -> NalUnitType {
        NalUnitType::from_header(self.out.get(open + LENGTH_SIZE).copied().unwrap_or(0))
    }

    fn expect_no_fragment(&self) -> Result<(), DepacketizeError> {
        match self.open {
            Some(open) => Err(DepacketizeError::FragmentWithoutEnd(self.type_at(open).value())),
            None => Ok(()),
        }
    }

    /// Ends the access unit; the next payload starts another one. `None` when it holds no picture (parameter sets or SEI
    /// alone, which have taken effect then).
    ///
    /// # Errors
    /// The access unit is damaged and dropped, its parameter sets with it.
    pub fn finish(&mut self) -> Result<Option<AccessUnit>, DepacketizeError> {
        let unfinished = self.expect_no_fragment().err();
        let out = std::mem::take(&mut self.out);
        let (keyframe, has_slice) = (self.keyframe, self.has_slice);
        (self.open, self.keyframe, self.has_slice) = (None, false, false);
        if let Some(damage) = self.damage.take().or(unfinished) {
            self.parameter_sets.discard();
            return Err(damage);
        }
        self.parameter_sets.commit(keyframe)?;
        let parameter_sets = self.parameter_sets.current().cloned();
        Ok(has_slice.then(|| AccessUnit { payload: Bytes::from(out), keyframe, parameter_sets }))
    }
}

#[cfg(test)]
#[path = "depacketizer_tests.rs"]
mod tests;
