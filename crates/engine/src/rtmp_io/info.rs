//! What is known about a connection, for the list of connections.

use crate::snapshot::{ConnectionSnapshot, Protocol};
use rtmp_gateway_rtmp::session::server::{State, StateName};
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
    state: Cell<State>,
    room: RefCell<Option<String>>,
    name: RefCell<Option<String>>,
    bytes_in: Cell<u64>,
}

impl ConnectionInfo {
    pub(crate) fn new(id: u64, protocol: Protocol, remote: SocketAddr, now: Instant) -> Self {
        Self {
            id,
            protocol,
            remote,
            known_outside: Cell::new(false),
            moved: Cell::new(false),
            state: Cell::new(State { name: StateName::Handshake, since: now }),
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

    pub(crate) fn set_state(&self, state: State) {
        self.state.set(state);
    }

    pub(crate) fn snapshot(&self, now: Instant, bytes_out: u64, shard: u32) -> ConnectionSnapshot {
        let state = self.state.get();
        ConnectionSnapshot {
            id: self.id,
            protocol: self.protocol,
            state: state.name.to_string(),
            state_since_ms: now.saturating_duration_since(state.since).as_millis() as u64,
            room: self.room.borrow().clone(),
            name: self.name.borrow().clone(),
            remote_address: Some(self.remote),
            bytes_in: self.bytes_in.get(),
            bytes_out,
            shard,
        }
    }
}
