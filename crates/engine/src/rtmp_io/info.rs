//! What is known about a connection, for the list of connections.

use super::outbox::Outbox;
use crate::snapshot::{ConnectionSnapshot, Protocol};
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::time::Instant;

/// Facts about one connection; shared by its task and the shard's list.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionInfo {
    pub(crate) id: u64,
    pub(crate) protocol: Protocol,
    pub(crate) remote: SocketAddr,
    /// The deciding side has heard of it, so it must hear of its end.
    pub(crate) known_outside: Cell<bool>,
    /// It lives on another shard by now.
    pub(crate) moved: Cell<bool>,
    state: Cell<(&'static str, Instant)>,
    room: RefCell<Option<String>>,
    name: RefCell<Option<String>>,
    bytes_in: Cell<u64>,
}

impl ConnectionInfo {
    pub(crate) fn new(
        id: u64,
        protocol: Protocol,
        remote: SocketAddr,
        now: Instant,
        first_state: &'static str,
    ) -> Self {
        Self {
            id,
            protocol,
            remote,
            known_outside: Cell::new(false),
            moved: Cell::new(false),
            state: Cell::new((first_state, now)),
            room: RefCell::default(),
            name: RefCell::default(),
            bytes_in: Cell::new(0),
        }
    }

    pub(crate) fn set_room(&self, room: &str) {
        *self.room.borrow_mut() = Some(room.to_owned());
    }

    pub(crate) fn set_name(&self, name: &str) {
        *self.name.borrow_mut() = Some(name.to_owned());
    }

    pub(crate) fn add_bytes_in(&self, bytes: u64) {
        self.bytes_in.set(self.bytes_in.get() + bytes);
    }

    /// Notes the state and when it was entered.
    pub(crate) fn set_state(&self, name: &'static str, since: Instant) {
        self.state.set((name, since));
    }

    pub(crate) fn snapshot(&self, now: Instant, outbox: &Outbox, shard: u32) -> ConnectionSnapshot {
        let (state, since) = self.state.get();
        let (queued_bytes, queued_ms) = outbox.queued();
        ConnectionSnapshot {
            id: self.id,
            protocol: self.protocol,
            state: state.to_owned(),
            state_since_ms: now.saturating_duration_since(since).as_millis() as u64,
            room: self.room.borrow().clone(),
            name: self.name.borrow().clone(),
            remote_address: Some(self.remote),
            bytes_in: self.bytes_in.get(),
            bytes_out: outbox.bytes_out(),
            queued_bytes,
            queued_ms,
            shard,
        }
    }
}
