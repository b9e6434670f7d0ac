//! What a transcoder did with its input, for statistics and the API (no spec).

use crate::CodecError;

/// After this many access units in a row that cannot be decoded the sound counts as muted (about a second); it comes back
/// with the first good one.
const MUTED_AFTER: u32 = 50;

/// Counters of one transcoder since its start; samples are of each channel at 48 kHz.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TranscodeStats {
    /// Units pushed.
    pub units_in: u64,
    /// Units made.
    pub units_out: u64,
    /// Units (or ADTS frames) that could not be decoded; each was concealed.
    pub decode_errors: u64,
    /// Gaps in the input's timestamps that were filled.
    pub gaps: u64,
    /// Samples that were made up for gaps and for broken units.
    pub concealed_samples: u64,
    /// Samples that were recovered from in-band FEC.
    pub recovered_samples: u64,
    /// Samples that were dropped because the input was ahead of its timestamps, late or doubled.
    pub dropped_samples: u64,
    /// Times that the output's timestamps jumped after a gap too long to fill or a jump back.
    pub restarts: u64,
    /// Times that the source's sample rate or channels changed.
    pub source_changes: u64,
    /// The last decode error.
    pub last_error: Option<CodecError>,
    pub(super) errors_in_a_row: u32,
}

impl TranscodeStats {
    /// Why nothing but silence comes out, or `None` when sound does.
    pub fn muted_because(&self) -> Option<&CodecError> {
        self.last_error.as_ref().filter(|_| self.errors_in_a_row >= MUTED_AFTER)
    }

    pub(super) fn decoded(&mut self) {
        self.errors_in_a_row = 0;
    }

    pub(super) fn failed(&mut self, error: CodecError) {
        self.decode_errors += 1;
        self.errors_in_a_row = self.errors_in_a_row.saturating_add(1);
        self.last_error = Some(error);
    }
}
