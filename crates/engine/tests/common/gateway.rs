//! A running engine whose questions are answered by a thread, and everything it told.

use super::until;
use rtmp_gateway_engine::{
    Ask, Closed, ConnectionSnapshot, Decision, Engine, EngineOptions, LogRecord, StreamSnapshot, StreamUpdate,
};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, mpsc};

/// Everything an engine told so far.
#[derive(Default)]
pub struct Heard {
    pub asks: Vec<Ask>,
    pub logs: Vec<LogRecord>,
    pub streams: Vec<StreamUpdate>,
    pub closed: Vec<(u64, Closed)>,
}

/// An engine and its decider.
pub struct Gateway {
    pub engine: Arc<Engine>,
    pub heard: Arc<Mutex<Heard>>,
    runtime: tokio::runtime::Runtime,
}

/// Free ports and one shard.
pub fn options() -> EngineOptions {
    EngineOptions { rtmp_port: 0, webrtc_port: 0, flv_port: Some(0), ..EngineOptions::default() }
}

pub fn accept() -> Decision {
    Decision { accept: true, ..Decision::default() }
}

pub fn refuse(code: &str, description: &str) -> Decision {
    Decision { code: Some(code.into()), description: Some(description.into()), ..Decision::default() }
}

impl Gateway {
    /// An engine that accepts everyone.
    pub fn start(options: EngineOptions) -> Self {
        Self::deciding(options, |_| Some(accept()))
    }

    /// An engine whose questions `decide` answers; `None` leaves one unanswered.
    pub fn deciding(options: EngineOptions, mut decide: impl FnMut(&Ask) -> Option<Decision> + Send + 'static) -> Self {
        let engine = Arc::new(Engine::start(options).unwrap());
        let heard = Arc::<Mutex<Heard>>::default();
        let (wake, woken) = mpsc::channel();
        engine.mailbox().set_wake(Some(Box::new(move || {
            let _ = wake.send(());
        })));
        let (weak, told) = (Arc::downgrade(&engine), heard.clone());
        std::thread::spawn(move || {
            while woken.recv().is_ok() {
                let Some(engine) = weak.upgrade() else { return };
                let updates = engine.mailbox().drain();
                for ask in updates.connections.iter().filter_map(|update| update.ask.as_ref()) {
                    if let Some(decision) = decide(ask) {
                        engine.mailbox().decide(ask.connection_id, ask.generation, decision);
                    }
                }
                let mut heard = told.lock().unwrap();
                heard.logs.extend(updates.logs);
                heard.streams.extend(updates.streams);
                for update in updates.connections {
                    heard.asks.extend(update.ask);
                    heard.closed.extend(update.closed.map(|closed| (update.connection_id, closed)));
                }
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { engine, heard, runtime }
    }

    pub fn rtmp(&self) -> SocketAddr {
        self.engine.addresses().rtmp
    }

    pub fn flv(&self) -> SocketAddr {
        self.engine.addresses().flv.unwrap()
    }

    pub fn connections(&self) -> Vec<ConnectionSnapshot> {
        self.runtime.block_on(self.engine.connections()).unwrap()
    }

    pub fn streams(&self) -> Vec<StreamSnapshot> {
        self.runtime.block_on(self.engine.streams()).unwrap()
    }

    pub fn health(&self) -> Vec<rtmp_gateway_engine::ShardHealth> {
        self.runtime.block_on(self.engine.health()).unwrap()
    }

    pub fn stream(&self, room: &str, name: &str) -> Option<StreamSnapshot> {
        self.streams().into_iter().find(|stream| stream.room == room && stream.name == name)
    }

    /// Waits until so many connections play the stream.
    pub fn until_playing(&self, name: &str, count: usize) {
        until("players", || {
            let all = self.connections();
            let playing = all.iter().filter(|one| one.state == "playing" && one.name.as_deref() == Some(name));
            (playing.count() == count).then_some(())
        });
    }

    /// How often a code was logged.
    pub fn logged(&self, code: &str) -> usize {
        self.heard.lock().unwrap().logs.iter().filter(|record| record.code == code).count()
    }

    pub fn until_logged(&self, code: &str) {
        until(code, || (self.logged(code) > 0).then_some(()));
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.engine.stop();
    }
}
