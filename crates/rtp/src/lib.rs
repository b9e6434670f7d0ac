//! Sans-IO RTP: packets, H.264 and Opus payload formats, jitter buffer and clocks.
