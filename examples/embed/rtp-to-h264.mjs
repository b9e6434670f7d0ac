// Receives the H.264 of a session description over RTP and writes whole frames to a file, until two seconds have been quiet.
//   ffmpeg -re -stream_loop -1 -i in.mp4 -an -c:v copy -sdp_file stream.sdp -f rtp rtp://127.0.0.1:5004
//   node rtp-to-h264.mjs stream.sdp out.h264
import { createSocket } from 'node:dgram';
import { createWriteStream, readFileSync } from 'node:fs';
import { avccToAnnexB, parseRtpPacket, VideoJitterBuffer } from 'rtmp-gateway/native';

/** This long without a packet is the end. */
const QUIET_MS = 2_000;
const START_CODE = Buffer.from([0, 0, 0, 1]);

const [sdpPath, path] = process.argv.slice(2);
const sdp = readFileSync(sdpPath, 'utf8');
const [, port] = /^m=video (\d+) RTP\/AVP /m.exec(sdp) ?? [];
if (!port) throw new Error(`${sdpPath} describes no video over RTP`);
const out = createWriteStream(path);
// Plain RTP has no resends: a hole is waited for only as long as packets come out of order.
const buffer = new VideoJitterBuffer({ retransmission: false });
// Senders may leave the parameter sets to the description (RFC 6184 section 8.1).
const [, list = ''] = /sprop-parameter-sets=([^;\s]*)/.exec(sdp) ?? [];
const sets = list.split(',').map((set) => Buffer.from(set, 'base64'));
const ofType = (type) => sets.filter((set) => (set[0] & 31) === type);
buffer.setParameterSets(ofType(7), ofType(8));
let timer;

/** Takes out what is ready, and comes back when more will be ready without a packet. */
function poll() {
  const now = performance.now();
  for (let frame = buffer.pollFrame(now); frame; frame = buffer.pollFrame(now)) {
    for (const set of [...(frame.parameterSets?.sps ?? []), ...(frame.parameterSets?.pps ?? [])]) {
      out.write(Buffer.concat([START_CODE, set]));
    }
    out.write(avccToAnnexB(frame.payload));
  }
  if (buffer.pollKeyframeRequest(now))
    console.log('a keyframe is wanted: send a picture loss indication (RFC 4585)');
  clearTimeout(timer);
  const due = buffer.timeoutMs;
  if (due !== null) timer = setTimeout(poll, Math.max(0, due - performance.now()));
}

const socket = createSocket('udp4');
let quiet;
socket.on('message', (datagram) => {
  clearTimeout(quiet);
  quiet = setTimeout(end, QUIET_MS);
  try {
    buffer.handlePacket(performance.now(), parseRtpPacket(datagram));
  } catch (error) {
    console.error(error.message); // GW_RTP_INVALID: not for us
  }
  poll();
});
socket.bind(Number(port), '127.0.0.1', () => console.log(`receiving on 127.0.0.1:${port}`));

function end() {
  poll();
  clearTimeout(timer);
  socket.close();
  out.end();
  const { frames, keyframes, packets } = buffer.statistics();
  console.log(`${frames} frames, ${keyframes} of them keyframes, ${packets.lost} packets lost`);
}
