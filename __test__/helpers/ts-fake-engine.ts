/** A stand-in for the addon, for tests of what lies around it; tests of media use the real engine. */
import type {
  Engine,
  PublisherRequest,
  SessionAnswer,
  StreamSnapshot,
  Updates,
  ViewerRequest,
} from '../../src/native.js';

export function streamSnapshot(
  room: string,
  name: string,
  more: Partial<StreamSnapshot> = {},
): StreamSnapshot {
  return {
    room,
    name,
    publishedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    publisher: { kind: 'rtmp', connectionId: 7, remoteAddress: '127.0.0.1:50000' },
    video: {
      codec: 'H264',
      profile: 66,
      level: 31,
      width: 1280,
      height: 720,
      fps: 29.997,
      keyframes: 5,
      frames: 300,
      bytes: 123_456,
      bitrate: 2_500_000.4,
    },
    audio: { codec: 'AAC', sampleRate: 48_000, channels: 2, frames: 400, bytes: 9_999, bitrate: 128_000 },
    players: 1,
    viewers: 2,
    idleMs: 12.3,
    rejectedUnits: 0,
    droppedUnits: 0,
    shard: 0,
    ...more,
  };
}

export const SESSION_ID = 'session_1-abc';

export class FakeEngine implements Engine {
  streamList: StreamSnapshot[] = [];
  decisions: {
    connectionId: number;
    generation: number;
    accept: boolean;
    takeOver?: boolean;
    code?: string;
    description?: string;
  }[] = [];
  viewerRequests: ViewerRequest[] = [];
  publisherRequests: PublisherRequest[] = [];
  patches: { sessionId: string; fragment: string; ifMatch: string | null | undefined }[] = [];
  sessions = new Set<string>();
  /** Message of the error that the next createViewer or patchViewer rejects with. */
  failure: string | undefined;
  /** What `decide` answers: false is "stale". */
  decideResult = true;
  healthy = true;
  panics = 0;
  transcodingLosses = 0;
  #wake: () => void = () => undefined;
  #updates: Updates = { connections: [], streams: [], logs: [], droppedLogs: 0 };

  /** Adds news and wakes the other side, as the engine does. */
  tell(updates: Partial<Updates>): void {
    this.#updates.connections.push(...(updates.connections ?? []));
    this.#updates.streams.push(...(updates.streams ?? []));
    this.#updates.logs.push(...(updates.logs ?? []));
    this.#wake();
  }

  setWake(callback: () => void): void {
    this.#wake = callback;
  }

  drain(): Updates {
    const updates = this.#updates;
    this.#updates = { connections: [], streams: [], logs: [], droppedLogs: 0 };
    return updates;
  }

  decide(
    connectionId: number,
    generation: number,
    decision: { accept: boolean; takeOver?: boolean; code?: string },
  ): boolean {
    this.decisions.push({ connectionId, generation, ...decision });
    return this.decideResult;
  }

  addresses() {
    return {
      rtmp: { host: '127.0.0.1', port: 1935 },
      flv: { host: '127.0.0.1', port: 8081 },
      tcpCongestion: 'bbr',
      webrtc: [{ host: '127.0.0.1', port: 8189 }],
    };
  }

  async streams() {
    return [...this.streamList];
  }

  async connections() {
    return [];
  }

  async createViewer(request: ViewerRequest): Promise<SessionAnswer> {
    this.viewerRequests.push(request);
    if (this.failure) throw new Error(this.failure);
    this.sessions.add(SESSION_ID);
    return { sessionId: SESSION_ID, answer: 'v=0\r\nanswer', etag: 'tag1' };
  }

  async patchViewer(sessionId: string, fragment: string, ifMatch?: string | null) {
    this.patches.push({ sessionId, fragment, ifMatch });
    if (this.failure) throw new Error(this.failure);
    return ifMatch === '*' ? { answer: 'a=ice-ufrag:new', etag: 'tag2' } : { etag: 'tag1' };
  }

  async closeViewer(sessionId: string) {
    return this.sessions.delete(sessionId);
  }

  async createPublisher(request: PublisherRequest): Promise<SessionAnswer> {
    this.publisherRequests.push(request);
    if (this.failure) throw new Error(this.failure);
    this.sessions.add(SESSION_ID);
    return { sessionId: SESSION_ID, answer: 'v=0\r\nanswer', etag: 'tag1' };
  }

  patchPublisher(sessionId: string, fragment: string, ifMatch?: string | null) {
    return this.patchViewer(sessionId, fragment, ifMatch);
  }

  closePublisher(sessionId: string) {
    return this.closeViewer(sessionId);
  }

  async health() {
    if (!this.healthy) throw new Error('GW_STOPPED: the engine is stopped');
    return [{ shard: 0, lagMs: 0.4, connections: 3, streams: 1, writes: 7, heldAudio: 2, expiredHolds: 1 }];
  }

  async stop() {}
}
