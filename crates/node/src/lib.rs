//! The N-API binding of the engine: converts values, never decides.
//!
//! Media never crosses this boundary: only requests, decisions, SDP text and snapshots do.

mod convert;
mod engine;
mod types;

pub use engine::Engine;

/// Version of the native addon.
#[napi_derive::napi]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
