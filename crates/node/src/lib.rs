//! The N-API binding of the engine: converts values, never decides.
//!
//! The engine's media never crosses this boundary: only requests, decisions, SDP text and snapshots do. The low-level
//! parts are another matter: they are for programs that move media themselves, and the gateway does not use them.

mod convert;
mod engine;
pub mod parts;
mod types;

pub use engine::Engine;

/// Version of the native addon.
#[napi_derive::napi]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
