//! Sans-IO RTMP: handshake, chunk stream, AMF, messages and sessions.
