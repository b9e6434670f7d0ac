//! Pure adapters between protocols and units, and the timeline.
