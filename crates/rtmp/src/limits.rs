//! Every limit of the RTMP stack in one place: name, default, why it is there and what it stops.

use std::time::Duration;

/// Time from accepting a socket to the end of its handshake. Absolute, so that a peer who sends a byte now and then
/// (slowloris) cannot hold a socket; 10 s is what the slowest mobile link needs three times over.
pub const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);

/// Time from the end of the handshake to the first publish or play that was accepted. Absolute too: a stranger who
/// only creates streams or sends pings may not stay.
pub const COMMAND_DEADLINE: Duration = Duration::from_secs(30);

/// A publisher that sends no byte for this long has vanished without a FIN (a phone that lost its network).
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// A quiet peer is pinged this often. A player that has answered one ping must go on answering: without an answer
/// within [`IDLE_TIMEOUT`] it is gone.
pub const PING_INTERVAL: Duration = Duration::from_secs(15);

/// The largest chunk size taken from a peer; larger ones are lowered to it, which changes nothing since no message is
/// longer (24-bit length). Nothing is allocated from the number (nginx-rtmp #1042 allocated 2 GiB a stream).
pub const MAX_CHUNK_SIZE: u32 = 0x00FF_FFFF;

/// The chunk size before Set Chunk Size, by the specification.
pub const DEFAULT_CHUNK_SIZE: u32 = 128;

/// Our own outgoing chunk size: nearly every message of a live stream is then one chunk, so that a body shared by
/// all players leaves in one piece.
pub const OUT_CHUNK_SIZE: u32 = 65_536;

/// The longest message taken from a peer that may not publish. Its commands are below 4 KiB in practice; tokens in
/// `tcUrl` can be long.
pub const MAX_MESSAGE_UNTRUSTED: u32 = 32 * 1024;

/// Bytes of unfinished messages held for a peer that may not publish: with it an unauthenticated connection stays
/// below 64 KiB whatever lengths it declares on however many chunk streams.
pub const MAX_PENDING_UNTRUSTED: usize = 40 * 1024;

/// The longest message of a publisher: a keyframe of 10 MiB is beyond every encoder met, 16 MiB - 1 is what the
/// format can say.
pub const MAX_MESSAGE_PUBLISHER: u32 = 10 * 1024 * 1024;

/// Bytes of unfinished messages held for a publisher, over all its chunk streams.
pub const MAX_PENDING_PUBLISHER: usize = 12 * 1024 * 1024;

/// Chunk streams a peer may have used. Real clients use at most 10; each costs a table entry, and 65,597 ids exist.
pub const MAX_CHUNK_STREAMS: usize = 64;

/// Chunks without a single body byte in a row (zero-length messages) before the peer counts as hostile: they cost a
/// header each and carry nothing.
pub const MAX_EMPTY_MESSAGES: u32 = 10_000;

/// Message streams a connection may have open (createStream). Two or three are used by real clients.
pub const MAX_MESSAGE_STREAMS: usize = 16;

/// Commands of one connection that may be answered with an error before it is closed; stops error loops
/// (Red5 #252) and log floods.
pub const MAX_REFUSED_COMMANDS: u32 = 32;

/// Requests to publish or play that one connection may bring to its owner: each costs a question to the application.
/// A player that switches streams all day stays below it.
pub const MAX_REQUESTS: u32 = 1_000;

/// Requests of one connection that its owner may reject before it is closed: real clients give up after one, guessers
/// of stream keys do not.
pub const MAX_REJECTED_REQUESTS: u32 = 8;

/// Bytes held while a decision on publish or play is awaited; reading should be paused meanwhile.
pub const MAX_HELD_INPUT: usize = 64 * 1024;

/// Events waiting to be polled before the session stops parsing and holds the rest of the input: one 64 KiB read of
/// 2-byte messages would otherwise become megabytes of events.
pub const MAX_QUEUED_EVENTS: usize = 512;

/// Bytes of answers waiting to be polled before the session stops parsing, for the same reason: a 7-byte ping asks for
/// an 18-byte answer.
pub const MAX_QUEUED_ANSWERS: usize = 16 * 1024;

/// Parts of one aggregate message. A second of 60 fps video with audio is about 110.
pub const MAX_AGGREGATE_PARTS: usize = 2_048;

/// Nesting of AMF0 and AMF3 values. Real metadata uses 3 levels; 70,000 levels have crashed parsers (flvmeta #29).
pub const MAX_AMF_DEPTH: usize = 16;

/// AMF values in one message: bounds the memory of the parsed form (a null takes 1 byte on the wire, about 40 parsed).
pub const MAX_AMF_VALUES: usize = 1_024;

/// Bytes of one AMF string. A long string may declare 4 GiB.
pub const MAX_AMF_STRING: usize = 64 * 1024;

/// Bytes of a command that is parsed (data messages are passed on unparsed apart from their name).
pub const MAX_COMMAND_LENGTH: usize = 32 * 1024;

/// Bytes of a room, an application instance or a stream name.
pub const MAX_NAME_LENGTH: usize = 128;

/// Bytes of a query string taken from app, tcUrl or stream name; tokens are below 4 KiB in practice.
pub const MAX_QUERY_LENGTH: usize = 8 * 1024;

/// Bytes kept of a tcUrl; the rest is cut.
pub const MAX_URL_LENGTH: usize = 8 * 1024;

/// Bytes kept of what a client calls itself (flashVer) and of each FourCC in its list; the rest is cut.
pub const MAX_CLIENT_NAME_LENGTH: usize = 128;

/// Characters of a peer's string that reach a log line.
pub const MAX_LOGGED_CHARACTERS: usize = 256;

/// The window acknowledgement size and peer bandwidth that we announce, and how often we acknowledge when the peer
/// announces none.
pub const WINDOW_ACK_SIZE: u32 = 2_500_000;

/// The smallest acknowledgement window obeyed: 0 or 1 would mean an acknowledgement a byte (ZLMediaKit #1839
/// recursed without end).
pub const MIN_WINDOW_ACK_SIZE: u32 = 32 * 1024;

/// The largest acknowledgement window obeyed: sequence numbers wrap at 2^32.
pub const MAX_WINDOW_ACK_SIZE: u32 = 1 << 30;
