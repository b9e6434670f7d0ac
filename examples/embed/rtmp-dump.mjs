// Lists the RTMP messages of a file (or of standard input): the bytes of one direction of a connection, behind the handshake.
//   node rtmp-dump.mjs capture.rtmp
import { createReadStream } from 'node:fs';
import { RtmpChunkReader } from 'rtmp-gateway/native';

/** Message types by id (RTMP 1.0 section 7.1). */
const TYPES = {
  1: 'set-chunk-size',
  2: 'abort',
  3: 'acknowledgement',
  4: 'user-control',
  5: 'window-ack-size',
  6: 'set-peer-bandwidth',
  8: 'audio',
  9: 'video',
  15: 'data-amf3',
  17: 'command-amf3',
  18: 'data',
  20: 'command',
  22: 'aggregate',
};

/** The name that a command or data message starts with: an AMF0 string. */
function nameOf({ typeId, body }) {
  if ((typeId !== 18 && typeId !== 20) || body[0] !== 2 || body.length < 3) return '';
  return body.toString('utf8', 3, 3 + body.readUInt16BE(1));
}

const [path] = process.argv.slice(2);
const reader = new RtmpChunkReader();
try {
  // Fragments are as the file system gives them: the reader keeps what is not whole yet.
  for await (const bytes of path ? createReadStream(path) : process.stdin) {
    for (const message of reader.push(bytes)) {
      const { chunkStreamId, messageStreamId, timestamp, typeId, body } = message;
      const type = TYPES[typeId] ?? `type-${typeId}`;
      const where = `chunk stream ${chunkStreamId}, message stream ${messageStreamId}`;
      console.log(`${timestamp} ms  ${type}  ${body.length} bytes  ${where}  ${nameOf(message)}`.trimEnd());
    }
  }
  if (reader.pendingBytes > 0)
    console.log(`the end is missing: ${reader.pendingBytes} bytes of unfinished messages`);
} catch (error) {
  console.error(error.message); // GW_RTMP_INVALID: what is wrong
  process.exitCode = 1;
}
