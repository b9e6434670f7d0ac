//! The N-API binding: converts, never decides.
