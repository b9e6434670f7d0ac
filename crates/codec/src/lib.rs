//! AAC and Opus encoders and decoders, resampling and transcoders; no threads.
