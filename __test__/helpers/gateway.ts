/** The real gateway, through its own command, on ports that the system chose. */
import { fileURLToPath } from 'node:url';
import { Program } from './program.js';
import { until } from './wait.js';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const SERVING = /^rtmp-gateway: serving rtmp=(\S+) http=(\S+) webrtc=(\S+) pid=(\d+)$/m;

export class GatewayProcess {
  constructor(
    readonly program: Program,
    /** `host:port` of the RTMP listener. */
    readonly rtmp: string,
    /** `http://host:port`. */
    readonly http: string,
    /** `host:port` of each shard's UDP socket. */
    readonly webrtc: string[],
  ) {}

  rtmpUrl(room: string, name: string): string {
    return `rtmp://${this.rtmp}/${room}/${name}`;
  }

  get rtmpPort(): number {
    return Number(this.rtmp.slice(this.rtmp.lastIndexOf(':') + 1));
  }

  /** A JSON answer of the API. */
  async json<T>(path: string): Promise<T> {
    const response = await fetch(this.http + path);
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** Waits until a stream is live and has shown a picture or a sound. */
  async untilLive(room: string, name: string): Promise<StreamItem> {
    return await until(`stream ${room}/${name}`, async () => {
      const { items } = await this.json<{ items: StreamItem[] }>('/api/v1/streams');
      return items.find((item) => item.room === room && item.name === name && (item.video ?? item.audio));
    });
  }

  /** Waits until this many players are on a stream, which need not be live yet. */
  async untilPlayers(room: string, name: string, count: number): Promise<void> {
    await until(`${count} players of ${room}/${name}`, async () => {
      const { items } = await this.json<{ items: ConnectionItem[] }>('/api/v1/connections?pageSize=100');
      const players = items.filter(
        (item) => item.room === room && item.name === name && item.state === 'playing',
      );
      return players.length >= count;
    });
  }

  async stop(): Promise<void> {
    await this.program.stop('SIGTERM', 12_000);
  }
}

/** What these tests read of an item of `GET /api/v1/connections`. */
interface ConnectionItem {
  room?: string;
  name?: string;
  state: string;
}

/** What these tests read of an item of `GET /api/v1/streams`. */
export interface StreamItem {
  room: string;
  name: string;
  players: number;
  viewers: number;
  video?: { codec: string; width: number; height: number; frames: number; keyframes: number };
  audio?: { codec: string; sampleRate: number; channels: number };
}

/** Starts the command without waiting for it to serve. */
export function startCommand(flags: readonly string[], env: Record<string, string> = {}): Program {
  return new Program(process.execPath, [CLI, ...flags], { env });
}

/** Starts a gateway and waits until it serves. */
export async function startGateway(...flags: string[]): Promise<GatewayProcess> {
  const free = ['--rtmp-port', '0', '--http-port', '0', '--flv-port', '0', '--webrtc-port', '0'];
  const program = startCommand(['start', ...free, ...flags]);
  const match = await until('the line that says it serves', () => {
    if (program.hasEnded) throw new Error(`the gateway ended:\n${program.stdout}${program.stderr}`);
    return SERVING.exec(program.stdout);
  });
  const [, rtmp = '', http = '', webrtc = ''] = match;
  return new GatewayProcess(program, rtmp, `http://${http}`, webrtc.split(','));
}
