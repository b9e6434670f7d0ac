//! What the engine tells the deciding side, kept as state per connection so that nothing is lost in a full queue.
//!
//! The wake callback carries no data: it says "drain". Between two drains a connection has at most one entry, a stream has
//! at most one entry, and log records are bounded with their drops counted.

use crate::options::MAX_PENDING_ASKS;
use crate::snapshot::Protocol;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Log records kept between two drains: a flood of malformed input must not turn into memory.
const MAX_LOG_RECORDS: usize = 256;
/// Undrained entries in total: a deciding side that never drains gets no further asks.
const MAX_ENTRIES: usize = 65_536;

/// Whether a connection asks to publish or to play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskKind {
    /// It wants to send a stream.
    Publish,
    /// It wants to receive a stream.
    Play,
}

/// A question that waits for a decision.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The connection that asks.
    pub connection_id: u64,
    /// Counts the asks of a connection; a decision for an older generation is stale.
    pub generation: u64,
    /// Publish or play.
    pub kind: AskKind,
    /// How it would be sent or received: RTMP or FLV.
    pub protocol: Protocol,
    /// RTMP app without its query string: the room.
    pub room: String,
    /// Stream name without its query string.
    pub name: String,
    /// Query strings of app and name, joined by `&`.
    pub query: String,
    /// The app as the client sent it, and its `tcUrl`.
    pub tc_url: String,
    /// Where the connection comes from.
    pub remote_address: SocketAddr,
}

/// The answer to an [`Ask`].
#[derive(Debug, Clone, Default)]
pub struct Decision {
    /// Whether the connection may.
    pub accept: bool,
    /// `NetStream.*` code of a refusal.
    pub code: Option<String>,
    /// Human-readable reason of a refusal.
    pub description: Option<String>,
    /// Of an accepted publish request: end the publisher that the name has now, if any.
    pub take_over: bool,
}

/// Why a connection that had asked is gone.
#[derive(Debug, Clone)]
pub struct Closed {
    /// Stable code (`GW_*`).
    pub code: &'static str,
    /// Details.
    pub reason: String,
}

/// News of one connection; `closed` is the last.
#[derive(Debug, Clone, Default)]
pub struct ConnectionUpdate {
    /// Its id.
    pub connection_id: u64,
    /// A question that waits.
    pub ask: Option<Ask>,
    /// Set when the connection is gone.
    pub closed: Option<Closed>,
}

/// News of one stream: its latest state.
#[derive(Debug, Clone)]
pub struct StreamUpdate {
    /// Room.
    pub room: String,
    /// Name.
    pub name: String,
    /// Whether it has a publisher now.
    pub live: bool,
}

/// How much a log record matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// For those who look for it.
    Debug,
    /// Ordinary life.
    Info,
    /// Something a person may want to look at.
    Warn,
    /// Something is broken.
    Error,
}

/// A line for the log.
#[derive(Debug, Clone)]
pub struct LogRecord {
    /// How much it matters.
    pub level: LogLevel,
    /// Stable code.
    pub code: &'static str,
    /// Text; peers' strings in it are escaped.
    pub message: String,
    /// The connection it is about.
    pub connection_id: Option<u64>,
}

/// Everything new since the last drain.
#[derive(Debug, Default)]
pub struct Updates {
    /// By connection, in no particular order.
    pub connections: Vec<ConnectionUpdate>,
    /// By stream.
    pub streams: Vec<StreamUpdate>,
    /// In order.
    pub logs: Vec<LogRecord>,
    /// Log records that did not fit since the last drain.
    pub dropped_logs: u64,
}

/// Callback that wakes the deciding side.
pub type Wake = Box<dyn Fn() + Send + Sync>;

#[derive(Default)]
struct Inner {
    connections: HashMap<u64, ConnectionUpdate>,
    streams: HashMap<(String, String), bool>,
    logs: VecDeque<LogRecord>,
    dropped_logs: u64,
    pending: HashMap<u64, (u64, oneshot::Sender<Decision>)>,
    signalled: bool,
}

/// The mailbox between shards and the deciding side.
#[derive(Default)]
pub struct Mailbox {
    inner: Mutex<Inner>,
    wake: Mutex<Option<Wake>>,
}

impl std::fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailbox").finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves maps that are still consistent: every update is one insert or one remove.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Mailbox {
    /// Sets the callback that wakes the deciding side; it must not block. Wakes at once when something already waits.
    pub fn set_wake(&self, wake: Option<Wake>) {
        *lock(&self.wake) = wake;
        if lock(&self.inner).signalled {
            self.call_wake();
        }
    }

    fn call_wake(&self) {
        if let Some(wake) = lock(&self.wake).as_ref() {
            wake();
        }
    }

    fn update(&self, change: impl FnOnce(&mut Inner)) {
        let first = {
            let mut inner = lock(&self.inner);
            change(&mut inner);
            !std::mem::replace(&mut inner.signalled, true)
        };
        if first {
            self.call_wake();
        }
    }

    /// Asks for a decision; `None` when too many asks wait already.
    pub(crate) fn ask(&self, ask: Ask) -> Option<oneshot::Receiver<Decision>> {
        let (sender, receiver) = oneshot::channel();
        let mut accepted = false;
        {
            let inner = lock(&self.inner);
            if inner.pending.len() >= MAX_PENDING_ASKS || inner.connections.len() >= MAX_ENTRIES {
                return None;
            }
        }
        self.update(|inner| {
            inner.pending.insert(ask.connection_id, (ask.generation, sender));
            let entry = inner.connections.entry(ask.connection_id).or_default();
            entry.connection_id = ask.connection_id;
            entry.ask = Some(ask);
            accepted = true;
        });
        accepted.then_some(receiver)
    }

    /// Forgets an ask whose connection no longer waits (timeout or close).
    pub(crate) fn withdraw(&self, connection_id: u64) {
        let mut inner = lock(&self.inner);
        inner.pending.remove(&connection_id);
        if let Some(entry) = inner.connections.get_mut(&connection_id) {
            entry.ask = None;
            if entry.closed.is_none() {
                inner.connections.remove(&connection_id);
            }
        }
    }

    /// Says that a connection that has asked at least once is gone.
    pub(crate) fn closed(&self, connection_id: u64, closed: Closed) {
        self.update(|inner| {
            inner.pending.remove(&connection_id);
            let entry = inner.connections.entry(connection_id).or_default();
            entry.connection_id = connection_id;
            entry.ask = None;
            entry.closed = Some(closed);
        });
    }

    /// Says that a stream went live or ended.
    pub(crate) fn stream(&self, room: &str, name: &str, live: bool) {
        self.update(|inner| {
            inner.streams.insert((room.to_owned(), name.to_owned()), live);
        });
    }

    /// Adds a log record; dropped and counted when too many wait.
    pub(crate) fn log(&self, record: LogRecord) {
        self.update(|inner| {
            if inner.logs.len() >= MAX_LOG_RECORDS {
                inner.dropped_logs += 1;
            } else {
                inner.logs.push_back(record);
            }
        });
    }

    /// Delivers a decision. False when it is stale: the connection is gone, timed out, or asks something else by now.
    pub fn decide(&self, connection_id: u64, generation: u64, decision: Decision) -> bool {
        let mut inner = lock(&self.inner);
        match inner.pending.get(&connection_id) {
            Some((waiting, _)) if *waiting == generation => {}
            _ => return false,
        }
        inner.pending.remove(&connection_id).is_some_and(|(_, sender)| sender.send(decision).is_ok())
    }

    /// Takes everything new since the last drain.
    pub fn drain(&self) -> Updates {
        let mut inner = lock(&self.inner);
        inner.signalled = false;
        Updates {
            connections: inner.connections.drain().map(|(_, update)| update).collect(),
            streams: inner.streams.drain().map(|((room, name), live)| StreamUpdate { room, name, live }).collect(),
            logs: inner.logs.drain(..).collect(),
            dropped_logs: std::mem::take(&mut inner.dropped_logs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn ask(connection_id: u64, generation: u64) -> Ask {
        Ask {
            connection_id,
            generation,
            kind: AskKind::Publish,
            protocol: Protocol::Rtmp,
            room: "live".into(),
            name: "a".into(),
            query: String::new(),
            tc_url: String::new(),
            remote_address: SocketAddr::from(([127, 0, 0, 1], 1)),
        }
    }

    fn yes() -> Decision {
        Decision { accept: true, ..Decision::default() }
    }

    #[test]
    fn wakes_once_until_drained() {
        let mailbox = Mailbox::default();
        let count = Arc::new(AtomicUsize::new(0));
        let seen = count.clone();
        mailbox.set_wake(Some(Box::new(move || {
            seen.fetch_add(1, Ordering::SeqCst);
        })));
        mailbox.stream("r", "a", true);
        mailbox.stream("r", "a", false);
        assert_eq!(count.load(Ordering::SeqCst), 1);
        let updates = mailbox.drain();
        assert_eq!(updates.streams.len(), 1);
        assert!(!updates.streams[0].live, "only the latest state counts");
        mailbox.stream("r", "b", true);
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_wake_set_late_is_called_for_what_already_waits() {
        let mailbox = Mailbox::default();
        mailbox.stream("r", "a", true);
        let count = Arc::new(AtomicUsize::new(0));
        let seen = count.clone();
        mailbox.set_wake(Some(Box::new(move || {
            seen.fetch_add(1, Ordering::SeqCst);
        })));
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_stale_decision_is_refused() {
        let mailbox = Mailbox::default();
        let mut first = mailbox.ask(ask(1, 1)).expect("room for one");
        mailbox.withdraw(1);
        assert!(!mailbox.decide(1, 1, yes()), "withdrawn");
        assert!(first.try_recv().is_err());
        let mut second = mailbox.ask(ask(1, 2)).expect("room for one");
        assert!(!mailbox.decide(1, 1, yes()), "older generation");
        assert!(mailbox.decide(1, 2, yes()));
        assert!(second.try_recv().expect("decided").accept);
        assert!(!mailbox.decide(1, 2, yes()), "only once");
    }

    #[test]
    fn a_close_survives_a_full_mailbox_of_asks() {
        let mailbox = Mailbox::default();
        let receivers: Vec<_> =
            (0..MAX_PENDING_ASKS as u64).map(|id| mailbox.ask(ask(id, 1)).expect("within")).collect();
        assert!(mailbox.ask(ask(99_999, 1)).is_none(), "bounded");
        mailbox.closed(5, Closed { code: "GW_TEST", reason: "gone".into() });
        assert!(mailbox.ask(ask(99_999, 1)).is_some(), "the closed one made room");
        let updates = mailbox.drain();
        let five = updates.connections.iter().find(|update| update.connection_id == 5).expect("told");
        assert!(five.ask.is_none() && five.closed.is_some());
        drop(receivers);
    }

    #[test]
    fn logs_are_bounded_and_drops_counted() {
        let mailbox = Mailbox::default();
        for _ in 0..MAX_LOG_RECORDS + 7 {
            mailbox.log(LogRecord {
                level: LogLevel::Info,
                code: "GW_TEST",
                message: String::new(),
                connection_id: None,
            });
        }
        let updates = mailbox.drain();
        assert_eq!((updates.logs.len(), updates.dropped_logs), (MAX_LOG_RECORDS, 7));
    }
}
