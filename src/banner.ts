/** What `rtmp-gateway start` prints: a banner for people, then one line for programs. */
import type { Config } from './config.js';
import { formatAddress, type GatewayAddresses } from './gateway.js';
import type { SocketAddress } from './native.js';

const WILDCARDS = new Set(['0.0.0.0', '::']);

/** An address that can be connected to from here: a wildcard is no destination. */
function reachable({ host, port }: SocketAddress, config: Config): SocketAddress {
  if (!WILDCARDS.has(host)) return { host, port };
  return { host: config.publicIps[0] ?? (host === '::' ? '::1' : '127.0.0.1'), port };
}

/** Ports that URLs leave out. */
function authority(address: SocketAddress, defaultPort: number): string {
  const text = formatAddress(address);
  return address.port === defaultPort ? text.slice(0, -`:${defaultPort}`.length) : text;
}

export function banner(version: string, addresses: GatewayAddresses, config: Config): string {
  const rtmp = `rtmp://${authority(reachable(addresses.rtmp, config), 1935)}/live`;
  const http = `http://${authority(reachable(addresses.http, config), 80)}`;
  const open = WILDCARDS.has(addresses.rtmp.host);
  return `
  rtmp-gateway ${version}

  Publish   ${rtmp}/demo   (rtmp://HOST/ROOM/NAME)
  Console   ${http}/
  API       ${http}/docs
${open ? '\n  Open to the network: everyone who reaches these ports may publish and watch.\n' : ''}
  Try it with FFmpeg:
    ffmpeg -re -f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=frequency=440:sample_rate=48000 -c:v libx264 -preset veryfast -tune zerolatency -bf 0 -g 60 -pix_fmt yuv420p -c:a aac -f flv ${rtmp}/demo

  With OBS: Settings > Stream > Custom: server ${rtmp}  key demo
            Settings > Output > Advanced: x264, keyframe interval 2 s, tune zerolatency, bf=0, AAC audio
`;
}

/** Tests and scripts wait for this line; its form is stable. */
export function servingLine({ rtmp, http, webrtc }: GatewayAddresses): string {
  const udp = webrtc.map(formatAddress).join(',');
  return `rtmp-gateway: serving rtmp=${formatAddress(rtmp)} http=${formatAddress(http)} webrtc=${udp} pid=${process.pid}`;
}
