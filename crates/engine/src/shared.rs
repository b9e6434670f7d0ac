//! What all shards of one engine share: options, the mailbox, ids and connection limits.

use crate::mailbox::{LogLevel, LogRecord, Mailbox};
use crate::options::{EngineOptions, MAX_CONNECTIONS, MAX_CONNECTIONS_PER_ADDRESS};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Shared by all shards and by the handle outside.
#[derive(Debug)]
pub(crate) struct Shared {
    pub options: EngineOptions,
    pub mailbox: Arc<Mailbox>,
    /// Sessions ended because of a panic of ours.
    pub panics: AtomicU64,
    next_id: AtomicU64,
    addresses: Mutex<AddressCounts>,
}

#[derive(Debug, Default)]
struct AddressCounts {
    by_address: HashMap<IpAddr, usize>,
    total: usize,
}

impl Shared {
    pub(crate) fn new(options: EngineOptions) -> Self {
        Self {
            options,
            mailbox: Arc::default(),
            panics: AtomicU64::new(0),
            next_id: AtomicU64::new(1),
            addresses: Mutex::default(),
        }
    }

    /// A connection id that is never given twice.
    pub(crate) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts a new connection; `None` when the address or the process has too many.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Admission> {
        let mut counts = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let here = counts.by_address.get(&address).copied().unwrap_or(0);
        if counts.total >= MAX_CONNECTIONS || here >= MAX_CONNECTIONS_PER_ADDRESS {
            return None;
        }
        counts.by_address.insert(address, here + 1);
        counts.total += 1;
        Some(Admission { shared: self.clone(), address })
    }

    /// Writes a log record through the mailbox.
    pub(crate) fn log(&self, level: LogLevel, code: &'static str, connection_id: Option<u64>, message: String) {
        self.mailbox.log(LogRecord { level, code, message, connection_id });
    }
}

/// A counted connection; dropping it gives its place back.
#[derive(Debug)]
pub(crate) struct Admission {
    shared: Arc<Shared>,
    address: IpAddr,
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut counts = self.shared.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        counts.total = counts.total.saturating_sub(1);
        if let Some(here) = counts.by_address.get_mut(&self.address) {
            *here = here.saturating_sub(1);
            if *here == 0 {
                counts.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_of_an_address_are_bounded_and_given_back() {
        let shared = Arc::new(Shared::new(EngineOptions::default()));
        let address = IpAddr::from([192, 0, 2, 1]);
        let mut held: Vec<_> =
            (0..MAX_CONNECTIONS_PER_ADDRESS).map(|_| shared.admit(address).expect("within")).collect();
        assert!(shared.admit(address).is_none());
        assert!(shared.admit(IpAddr::from([192, 0, 2, 2])).is_some(), "another address is not punished");
        held.pop();
        assert!(shared.admit(address).is_some());
        drop(held);
        assert!(shared.addresses.lock().expect("lock").by_address.is_empty());
    }

    #[test]
    fn connections_in_total_are_bounded_whatever_their_addresses() {
        let shared = Arc::new(Shared::new(EngineOptions::default()));
        let address = |index: usize| IpAddr::from((index as u32).to_be_bytes());
        let mut held: Vec<_> =
            (0..MAX_CONNECTIONS).map(|index| shared.admit(address(index)).expect("within")).collect();
        assert!(shared.admit(address(MAX_CONNECTIONS)).is_none());
        held.pop();
        assert!(shared.admit(address(MAX_CONNECTIONS)).is_some());
    }
}
