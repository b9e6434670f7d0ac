//! FLV over HTTP (`GET /flv/ROOM/NAME.flv`): what web players and `<live-player>` take besides RTMP.

mod connection;
mod request;
mod response;

pub(crate) use connection::{Handoff, accept, arrive};
