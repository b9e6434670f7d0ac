//! FLV tags and enhanced RTMP headers to and from access units.
