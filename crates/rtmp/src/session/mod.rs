//! Sessions (RTMP 1.0 section 7.2): the life of a connection, server side and client side.

mod acknowledge;
pub mod client;
mod error;
mod media;
mod reply;
pub mod server;

pub use error::SessionError;
pub use media::Media;
