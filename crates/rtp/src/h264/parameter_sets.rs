//! The parameter sets a sender has shown, by their ids (ITU-T H.264 sections 7.4.1.2.1 and 7.4.2).

use bytes::Bytes;
use rtmp_gateway_media::BitReader;
use rtmp_gateway_media::h264::{NalUnitType, unescape};
use std::collections::BTreeMap;
use std::sync::Arc;
use thiserror::Error;

/// Sets kept of each kind. Streams use one; 256 picture parameter sets are legal but only attackers send them.
const MAX_SETS: usize = 32;

/// The longest parameter set that is kept, in bytes: real ones with scaling lists and VUI stay below 1,000.
const MAX_SET_LENGTH: usize = 4_096;

/// How far into a set its ids are looked for: behind at most four header bytes, each at most nine bytes of Exp-Golomb.
const ID_SEARCH_LENGTH: usize = 24;

/// A parameter set that cannot be kept; the access unit it came with is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ParameterSetError {
    /// Its id cannot be read, or is above 31 (SPS) or 255 (PPS).
    #[error("parameter set of NAL type {0} has no valid id")]
    Id(u8),
    /// Above 4,096 bytes.
    #[error("parameter set of {0} bytes, at most {MAX_SET_LENGTH} are kept")]
    TooLong(usize),
    /// Above 32 sets of a kind.
    #[error("more than {MAX_SETS} parameter sets of a kind")]
    TooMany,
}

/// Parameter sets in force; shared by the frames coded with them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ParameterSets {
    /// Sequence parameter sets in the order of their ids, NAL header included.
    pub sps: Vec<Bytes>,
    /// Picture parameter sets in the order of their ids, NAL header included.
    pub pps: Vec<Bytes>,
}

/// Collects parameter sets; a set takes effect when the access unit it came with is whole.
#[derive(Debug, Clone, Default)]
pub(crate) struct ParameterSetStore {
    current: Sets,
    shared: Option<Arc<ParameterSets>>,
    staged: Sets,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Sets {
    sps: BTreeMap<u32, Bytes>,
    pps: BTreeMap<u32, Bytes>,
}

impl Sets {
    fn insert(map: &mut BTreeMap<u32, Bytes>, id: u32, nal: Bytes) -> Result<(), ParameterSetError> {
        if map.len() >= MAX_SETS && !map.contains_key(&id) {
            return Err(ParameterSetError::TooMany);
        }
        map.insert(id, nal);
        Ok(())
    }
}

impl ParameterSetStore {
    /// Notes a set of the access unit in progress.
    pub(crate) fn stage(&mut self, nal: &[u8]) -> Result<(), ParameterSetError> {
        if nal.len() > MAX_SET_LENGTH {
            return Err(ParameterSetError::TooLong(nal.len()));
        }
        let kind = NalUnitType::from_header(nal.first().copied().unwrap_or(0));
        let is_sps = kind == NalUnitType::Sps;
        // Profile, constraint flags and level are in front of an SPS's id.
        let (ids_at, maximum) = if is_sps { (4, 31) } else { (1, 255) };
        let head = unescape(nal, ID_SEARCH_LENGTH);
        let id = BitReader::new(head.get(ids_at..).unwrap_or_default(), "parameter set").ue_at_most(maximum, "id");
        let id = id.map_err(|_| ParameterSetError::Id(kind.value()))?;
        let map = if is_sps { &mut self.staged.sps } else { &mut self.staged.pps };
        Sets::insert(map, id, Bytes::copy_from_slice(nal))
    }

    /// The access unit is whole: its sets take effect. When an IDR brings both kinds, those of before are forgotten.
    pub(crate) fn commit(&mut self, keyframe: bool) -> Result<(), ParameterSetError> {
        let staged = std::mem::take(&mut self.staged);
        if staged == Sets::default() {
            return Ok(());
        }
        let next = if keyframe && !staged.sps.is_empty() && !staged.pps.is_empty() {
            staged
        } else {
            let mut next = self.current.clone();
            staged.sps.into_iter().try_for_each(|(id, nal)| Sets::insert(&mut next.sps, id, nal))?;
            staged.pps.into_iter().try_for_each(|(id, nal)| Sets::insert(&mut next.pps, id, nal))?;
            next
        };
        if next != self.current {
            self.shared = (!next.sps.is_empty() && !next.pps.is_empty()).then(|| {
                let list = |sets: &BTreeMap<u32, Bytes>| sets.values().cloned().collect();
                Arc::new(ParameterSets { sps: list(&next.sps), pps: list(&next.pps) })
            });
            self.current = next;
        }
        Ok(())
    }

    /// The access unit is damaged: its sets are forgotten.
    pub(crate) fn discard(&mut self) {
        self.staged = Sets::default();
    }

    /// The sets in force; `None` until there is one of each kind. The pointer changes when the contents do.
    pub(crate) fn current(&self) -> Option<&Arc<ParameterSets>> {
        self.shared.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPS: &[u8] = &[0x67, 0x42, 0xc0, 0x1f, 0x80, 1];
    const SPS_ID_1: &[u8] = &[0x67, 0x42, 0xc0, 0x1f, 0x40, 1];
    const PPS: &[u8] = &[0x68, 0x80, 1];
    const PPS_ID_1: &[u8] = &[0x68, 0x40, 1];

    fn commit(store: &mut ParameterSetStore, keyframe: bool, sets: &[&[u8]]) -> Option<Arc<ParameterSets>> {
        sets.iter().for_each(|set| store.stage(set).unwrap());
        store.commit(keyframe).unwrap();
        store.current().cloned()
    }

    #[test]
    fn the_pointer_changes_only_with_the_contents() {
        let mut store = ParameterSetStore::default();
        assert_eq!(commit(&mut store, false, &[SPS]), None);
        let first = commit(&mut store, false, &[PPS]).unwrap();
        let again = commit(&mut store, true, &[SPS, PPS]).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        let more = commit(&mut store, false, &[PPS_ID_1]).unwrap();
        assert_eq!(more.pps, [PPS, PPS_ID_1]);
        let replaced = commit(&mut store, true, &[SPS_ID_1, PPS]).unwrap();
        assert_eq!(replaced.sps, [SPS_ID_1]);
        assert_eq!(replaced.pps, [PPS]);
    }

    #[test]
    fn sets_of_a_damaged_access_unit_are_forgotten() {
        let mut store = ParameterSetStore::default();
        store.stage(SPS).unwrap();
        store.stage(PPS).unwrap();
        store.discard();
        assert_eq!(commit(&mut store, true, &[]), None);
    }

    #[test]
    fn sets_are_bounded_in_number_and_length() {
        let mut store = ParameterSetStore::default();
        let with_id = |id: u32| {
            let value = id + 1;
            let width = value.ilog2();
            let bits = u64::from(value) << (64 - 2 * width - 1);
            [&[0x68][..], &bits.to_be_bytes()].concat()
        };
        (0..32).for_each(|id| store.stage(&with_id(id)).unwrap());
        assert_eq!(store.stage(&with_id(32)), Err(ParameterSetError::TooMany));
        assert_eq!(store.stage(&with_id(256)), Err(ParameterSetError::Id(8)));
        assert_eq!(store.stage(&[0x68]), Err(ParameterSetError::Id(8)));
        assert_eq!(store.stage(&[0x67, 1, 2]), Err(ParameterSetError::Id(7)));
        assert_eq!(store.stage(&vec![0x68; 5_000]), Err(ParameterSetError::TooLong(5_000)));
    }
}
