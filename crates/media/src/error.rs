//! What can be wrong with a codec configuration or a coded payload, and where in the input.

use thiserror::Error;

/// A codec configuration that cannot be used; carries what was wrong and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// The input ends inside a field.
    #[error("{what} ends early at byte {offset}")]
    Truncated {
        /// Which structure.
        what: &'static str,
        /// Byte offset at which more input was needed.
        offset: usize,
    },
    /// A field's value is outside what the specification (or a named limit) allows.
    #[error("{field} is {value} at byte {offset}: out of range")]
    OutOfRange {
        /// Which field.
        field: &'static str,
        /// Its value.
        value: u64,
        /// Byte offset of the field's end.
        offset: usize,
    },
    /// A legal value that this gateway does not serve.
    #[error("{feature} ({value}) is not supported")]
    Unsupported {
        /// Which feature.
        feature: &'static str,
        /// The value that selects it.
        value: u64,
    },
    /// Something that must be there is not.
    #[error("{what} is missing")]
    Missing {
        /// What is missing.
        what: &'static str,
    },
}

/// A coded video payload whose NAL units cannot be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NalError {
    /// A length field reaches beyond the payload.
    #[error("NAL unit length {length} at byte {offset} reaches past the {available} bytes that follow")]
    PastEnd {
        /// Byte offset of the length field.
        offset: usize,
        /// The length it claims.
        length: u64,
        /// Bytes that follow the length field.
        available: usize,
    },
    /// A NAL unit of no bytes: it has no header, so it cannot be anything.
    #[error("NAL unit of length 0 at byte {offset}")]
    Empty {
        /// Byte offset of the length field.
        offset: usize,
    },
}
