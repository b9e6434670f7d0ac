//! Why a run could not be done.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// An error of the load generator, for the person who started it.
#[derive(Debug)]
pub(crate) enum LoadError {
    /// An option is wrong.
    Option(String),
    /// The target is not on this machine: load is for one's own servers.
    NotLoopback(SocketAddr),
    /// A socket or a file failed.
    Io { what: &'static str, source: io::Error },
    /// The server closed, refused or did not answer connections that the run needs.
    Refused(String),
    /// The floor's process did not do what it should.
    Floor(String),
}

impl LoadError {
    /// For `map_err`: says what was being done.
    pub(crate) fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, source }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option(text) | Self::Refused(text) | Self::Floor(text) => f.write_str(text),
            Self::NotLoopback(address) => write!(f, "{address} is not a loopback address: only this machine is loaded"),
            Self::Io { what, source } => write!(f, "{what}: {source}"),
        }
    }
}

impl Error for LoadError {}
