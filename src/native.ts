/** The sole door to the native engine: its types, and the import of the generated `../index.js`. */
import { GatewayError, toGatewayError } from './errors.js';

export interface SocketAddress {
  host: string;
  port: number;
}

export interface EngineOptions {
  host: string;
  rtmpPort: number;
  webrtcPort: number;
  shards: number;
  publicIps: string[];
  decisionTimeoutMs?: number;
}

export interface EngineAddresses {
  rtmp: SocketAddress;
  webrtc: SocketAddress[];
}

export interface Ask {
  connectionId: number;
  generation: number;
  kind: 'publish' | 'play';
  room: string;
  name: string;
  query: string;
  tcUrl: string;
  remoteAddress: string;
}

export interface ClosedInfo {
  reason: string;
  code: string;
}

export interface ConnectionUpdate {
  connectionId: number;
  ask?: Ask;
  closed?: ClosedInfo;
}

export interface StreamUpdate {
  room: string;
  name: string;
  state: 'live' | 'ended';
}

export interface LogRecord {
  level: 'debug' | 'info' | 'warn' | 'error';
  code: string;
  message: string;
  connectionId?: number;
}

export interface Updates {
  connections: ConnectionUpdate[];
  streams: StreamUpdate[];
  logs: LogRecord[];
  droppedLogs: number;
}

export interface Decision {
  accept: boolean;
  code?: string;
  description?: string;
}

export interface VideoSnapshot {
  codec: string;
  profile?: number;
  level?: number;
  width: number;
  height: number;
  fps?: number;
  keyframes: number;
  frames: number;
  bytes: number;
  bitrate: number;
}

export interface AudioSnapshot {
  codec: string;
  sampleRate: number;
  channels: number;
  frames: number;
  bytes: number;
  bitrate: number;
}

export interface StreamSnapshot {
  room: string;
  name: string;
  publishedAtMs: number;
  publisher: { kind: 'rtmp' | 'webrtc'; connectionId: number; remoteAddress: string };
  video?: VideoSnapshot;
  audio?: AudioSnapshot;
  players: number;
  viewers: number;
  rejectedUnits: number;
  droppedUnits: number;
  shard: number;
}

export interface ConnectionSnapshot {
  id: number;
  protocol: 'rtmp' | 'webrtc';
  state: string;
  stateSinceMs: number;
  room?: string;
  name?: string;
  remoteAddress?: string;
  bytesIn: number;
  bytesOut: number;
  shard: number;
}

export interface ViewerRequest {
  room: string;
  name: string;
  offer: string;
  waitMs: number;
}

export interface ViewerAnswer {
  sessionId: string;
  answer: string;
  etag: string;
}

export interface PatchAnswer {
  answer?: string;
  etag: string;
}

export interface ShardHealth {
  shard: number;
  lagMs: number;
  connections: number;
  streams: number;
}

/** The engine as the TypeScript half sees it. */
export interface Engine {
  setWake(callback: () => void): void;
  drain(): Updates;
  decide(connectionId: number, generation: number, decision: Decision): boolean;
  addresses(): EngineAddresses;
  streams(): Promise<StreamSnapshot[]>;
  connections(): Promise<ConnectionSnapshot[]>;
  createViewer(request: ViewerRequest): Promise<ViewerAnswer>;
  patchViewer(sessionId: string, sdpFragment: string, ifMatch?: string): Promise<PatchAnswer>;
  closeViewer(sessionId: string): Promise<boolean>;
  health(): Promise<ShardHealth[]>;
  stop(): Promise<void>;
}

interface NativeModule {
  Engine: new (options: EngineOptions) => Engine;
}

/**
 * Loads the addon and binds the engine's sockets.
 *
 * @throws GatewayError GW_ADDON_MISSING, or what the engine refuses (GW_PORT_IN_USE, ...)
 */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  let native: NativeModule;
  try {
    native = (await import(new URL('../index.js', import.meta.url).href)) as NativeModule;
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new GatewayError('GW_ADDON_MISSING', `cannot load the native addon: ${why}`, { cause: error });
  }
  try {
    return new native.Engine(options);
  } catch (error) {
    throw toGatewayError(error);
  }
}
