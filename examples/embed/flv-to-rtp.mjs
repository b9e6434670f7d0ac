// Sends the H.264 video of an FLV file over RTP (RFC 6184), at its own speed.
//   node flv-to-rtp.mjs in.flv 127.0.0.1 5004 --sdp > stream.sdp     the description that a receiver needs
//   ffplay -protocol_whitelist file,udp,rtp stream.sdp &
//   node flv-to-rtp.mjs in.flv 127.0.0.1 5004
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { H264Packetizer, parseAvcConfig, writeRtpPacket } from 'rtmp-gateway/native';

const VIDEO = 9;
const H264 = 7;
const PAYLOAD_TYPE = 96;
/** Ticks of the video clock in a millisecond (RFC 6184 section 8.2.1). */
const TICKS_PER_MS = 90;

/** The tags of an FLV file; RTMP messages have the same bodies. */
function* flvTags(file) {
  for (let at = 9 + 4; at + 11 <= file.length; ) {
    const length = file.readUIntBE(at + 1, 3);
    const timestamp = file.readUIntBE(at + 4, 3) + file.readUInt8(at + 7) * 2 ** 24;
    yield { typeId: file.readUInt8(at), timestamp, body: file.subarray(at + 11, at + 11 + length) };
    at += 11 + length + 4;
  }
}

const [path, host, port, sdpOnly] = process.argv.slice(2);
const video = [...flvTags(readFileSync(path))].filter(
  ({ typeId, body }) => typeId === VIDEO && (body[0] & 15) === H264,
);
const header = video.find(({ body }) => body[1] === 0);
if (!header) throw new Error(`${path} has no H.264`);
const config = parseAvcConfig(header.body.subarray(5));

if (sdpOnly) {
  const sets = [...config.sps, ...config.pps].map((set) => set.toString('base64')).join(',');
  const lines = [
    ...['v=0', `o=- 0 0 IN IP4 ${host}`, 's=flv-to-rtp', `c=IN IP4 ${host}`, 't=0 0'],
    ...[`m=video ${port} RTP/AVP ${PAYLOAD_TYPE}`, `a=rtpmap:${PAYLOAD_TYPE} H264/90000`],
    `a=fmtp:${PAYLOAD_TYPE} packetization-mode=1;profile-level-id=${config.profileLevelId};sprop-parameter-sets=${sets}`,
  ];
  process.stdout.write(`${lines.join('\r\n')}\r\n`);
  process.exit(0);
}

const socket = createSocket('udp4');
const packetizer = new H264Packetizer();
const ssrc = Math.floor(Math.random() * 2 ** 32);
let sequenceNumber = Math.floor(Math.random() * 2 ** 16);
const started = performance.now();
for (const { timestamp: decodeTime, body } of video) {
  if (body[1] !== 1) continue; // no access unit
  const keyframe = body[0] >> 4 === 1;
  const presentationTime = decodeTime + body.readIntBE(2, 3);
  await sleep(Math.max(0, decodeTime - (performance.now() - started)));
  // Receivers may join at any keyframe: each takes its parameter sets along.
  const sets = keyframe ? { sps: config.sps, pps: config.pps } : {};
  const payloads = packetizer.packetize(body.subarray(5), { nalLengthSize: config.nalLengthSize, ...sets });
  for (const { payload, marker } of payloads) {
    const timestamp = (presentationTime * TICKS_PER_MS) % 2 ** 32;
    const packet = { payloadType: PAYLOAD_TYPE, sequenceNumber, timestamp, ssrc, marker, payload };
    socket.send(writeRtpPacket(packet), Number(port), host);
    sequenceNumber = (sequenceNumber + 1) % 2 ** 16;
  }
}
socket.close();
