//! Shards, sockets, routing and the WebRTC and RTMP I/O.
