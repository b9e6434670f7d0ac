//! RTMP over TCP: listeners, one task per connection, and each connection's bounded way out.

pub(crate) mod audio_holds;
pub(crate) mod connection;
pub(crate) mod control;
pub(crate) mod info;
pub(crate) mod listener;
pub(crate) mod outbox;
pub(crate) mod tune;
