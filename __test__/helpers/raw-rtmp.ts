/** A tiny RTMP client that does exactly what a test tells it, in any order; RTMP 1.0 sections 5 to 7, AMF0. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until, within } from './wait.js';

const HANDSHAKE_SIZE = 1536;
const COMMAND_AMF0 = 20;
const AUDIO = 8;
const VIDEO = 9;
const SET_CHUNK_SIZE = 1;

export type Amf = number | boolean | string | null | undefined | { [key: string]: Amf } | Amf[];

function amfString(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Encodes one AMF0 value. */
export function encodeAmf(value: Amf): Buffer {
  if (value === null || value === undefined) return Buffer.from([5]);
  if (typeof value === 'boolean') return Buffer.from([1, value ? 1 : 0]);
  if (typeof value === 'string') return Buffer.concat([Buffer.from([2]), amfString(value)]);
  if (typeof value === 'number') {
    const out = Buffer.alloc(9);
    out.writeDoubleBE(value, 1);
    return out;
  }
  const members = Object.entries(value).flatMap(([key, member]) => [amfString(key), encodeAmf(member)]);
  return Buffer.concat([Buffer.from([3]), ...members, Buffer.from([0, 0, 9])]);
}

/** Decodes the AMF0 values of a message body. */
export function decodeAmf(body: Buffer): Amf[] {
  let at = 0;
  const string = () => {
    const length = body.readUInt16BE(at);
    at += 2 + length;
    return body.toString('utf8', at - length, at);
  };
  const object = () => {
    const out: { [key: string]: Amf } = {};
    for (;;) {
      const key = string();
      if (key === '' && body[at] === 9) {
        at += 1;
        return out;
      }
      out[key] = value();
    }
  };
  const value = (): Amf => {
    const marker = body.readUInt8(at++);
    switch (marker) {
      case 0:
        at += 8;
        return body.readDoubleBE(at - 8);
      case 1:
        return body.readUInt8(at++) !== 0;
      case 2:
        return string();
      case 3:
        return object();
      case 8:
        at += 4;
        return object();
      case 5:
      case 6:
        return null;
      default:
        throw new Error(`AMF0 marker ${marker} at ${at - 1}`);
    }
  };
  const out: Amf[] = [];
  while (at < body.length) out.push(value());
  return out;
}

/** A command as it came: name, transaction id, the other arguments. */
export interface Command {
  name: string;
  transaction: number;
  args: Amf[];
}

/** An audio or video message as it came. */
export interface MediaMessage {
  kind: 'audio' | 'video';
  /** Wall-clock time of its arrival in ms. */
  at: number;
  timestamp: number;
  /** The first two bytes of the body: codec and frame type. */
  head: number;
  size: number;
}

interface PartialMessage {
  length: number;
  type: number;
  timestamp: number;
  chunks: Buffer[];
  got: number;
}

export class RawRtmp {
  readonly commands: Command[] = [];
  readonly media: MediaMessage[] = [];
  /** True once the other side has closed. */
  closed = false;
  #input: Buffer = Buffer.alloc(0);
  #chunkSize = 128;
  #transaction = 0;
  #handshaken = false;
  readonly #partial = new Map<number, PartialMessage>();

  private constructor(readonly socket: Socket) {
    socket.on('data', (data) => {
      this.#input = Buffer.concat([this.#input, data]);
      if (this.#handshaken) this.#readChunks();
    });
    socket.on('close', () => {
      this.closed = true;
    });
    socket.on('error', () => undefined); // a reset is a close, too
  }

  /** Connects TCP only; from another address of the loopback for someone else. */
  static async connect(port: number, localAddress = '127.0.0.1'): Promise<RawRtmp> {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    await once(socket, 'connect');
    return new RawRtmp(socket);
  }

  write(bytes: Buffer): void {
    if (!this.closed) this.socket.write(bytes);
  }

  /** The simple handshake. */
  async handshake(): Promise<this> {
    this.write(Buffer.concat([Buffer.from([3]), Buffer.alloc(HANDSHAKE_SIZE, 7)]));
    await until('S0, S1 and S2', () => this.#input.length >= 1 + 2 * HANDSHAKE_SIZE || this.closed);
    this.write(this.#input.subarray(1, 1 + HANDSHAKE_SIZE));
    this.#input = this.#input.subarray(1 + 2 * HANDSHAKE_SIZE);
    this.#handshaken = true;
    this.#readChunks();
    return this;
  }

  /** Writes one message on chunk stream 3, in chunks of 128 bytes. */
  message(type: number, body: Buffer, streamId = 0): void {
    const header = Buffer.alloc(12);
    header.writeUInt8(3, 0);
    header.writeUIntBE(body.length, 4, 3);
    header.writeUInt8(type, 7);
    header.writeUInt32LE(streamId, 8);
    const parts: Buffer[] = [header];
    for (let at = 0; at < body.length; at += 128) {
      if (at > 0) parts.push(Buffer.from([0xc3]));
      parts.push(body.subarray(at, at + 128));
    }
    this.write(Buffer.concat(parts));
  }

  /** Sends a command and gives its transaction id. */
  command(name: string, args: Amf[], streamId = 0): number {
    const transaction = ++this.#transaction;
    this.message(COMMAND_AMF0, Buffer.concat([name, transaction, ...args].map(encodeAmf)), streamId);
    return transaction;
  }

  /** `connect` to an app; resolves when it is accepted. */
  async connectApp(app: string): Promise<this> {
    const id = this.command('connect', [{ app, flashVer: 'test', tcUrl: `rtmp://127.0.0.1/${app}` }]);
    await this.answer(id);
    return this;
  }

  /** `createStream`; resolves to the id of the message stream. */
  async createStream(): Promise<number> {
    const { args } = await this.answer(this.command('createStream', [null]));
    return Number(args[1]);
  }

  /** Plays a stream; its messages are kept in `media`. */
  async play(app: string, name: string): Promise<this> {
    await this.connectApp(app);
    this.command('play', [null, name], await this.createStream());
    return this;
  }

  /** The `_result` or `_error` to a transaction. */
  answer(transaction: number): Promise<Command> {
    return until(`the answer to command ${transaction}`, () =>
      this.commands.find(({ name, transaction: id }) => id === transaction && /^_(result|error)$/.test(name)),
    );
  }

  /** The next refusal: `_error`, or `onStatus` of level error. Resolves to its code and text. */
  async refusal(): Promise<{ code: string; description: string }> {
    const isError = ({ name, args }: Command) =>
      name === '_error' ||
      (name === 'onStatus' && (args.at(-1) as { level?: string } | null)?.level === 'error');
    const { args } = await until('a refusal', () => this.commands.find(isError));
    const info = (args.at(-1) ?? {}) as { code?: string; description?: string };
    return { code: info.code ?? '', description: info.description ?? '' };
  }

  /** Resolves when the other side closes. */
  async untilClosed(timeoutMs: number): Promise<void> {
    if (this.closed) return;
    // Not events.once: a reset is an error to that, and here one more way to close.
    const closed = new Promise<void>((resolve) => this.socket.once('close', () => resolve()));
    await within('the connection to be closed', timeoutMs, closed);
  }

  destroy(): void {
    this.socket.destroy();
  }

  #readChunks(): void {
    while (this.#readChunk());
  }

  /** Reads one chunk if it is complete. */
  #readChunk(): boolean {
    const input = this.#input;
    if (input.length < 1) return false;
    const format = input.readUInt8(0) >> 6;
    const id = input.readUInt8(0) & 63;
    const headerSize = [12, 8, 4, 1][format] ?? 1;
    if (input.length < headerSize) return false;
    const previous = this.#partial.get(id);
    const length = format < 2 ? input.readUIntBE(4, 3) : (previous?.length ?? 0);
    const type = format < 2 ? input.readUInt8(7) : (previous?.type ?? 0);
    const begun = previous !== undefined && previous.got > 0;
    // Only the first chunk of a message carries a new time; formats 1 and 2 give a difference.
    const field = format < 3 ? input.readUIntBE(1, 3) : 0;
    const timestamp = format === 0 ? field : (previous?.timestamp ?? 0) + field;
    const partial = begun ? previous : { length, type, timestamp, chunks: [], got: 0 };
    const size = Math.min(this.#chunkSize, partial.length - partial.got);
    if (input.length < headerSize + size) return false;
    partial.chunks.push(input.subarray(headerSize, headerSize + size));
    partial.got += size;
    this.#input = input.subarray(headerSize + size);
    this.#partial.set(id, partial);
    if (partial.got >= partial.length) {
      const body = Buffer.concat(partial.chunks);
      this.#partial.set(id, { ...partial, chunks: [], got: 0 });
      this.#take(partial, body);
    }
    return true;
  }

  #take({ type, timestamp }: PartialMessage, body: Buffer): void {
    if (type === AUDIO || type === VIDEO) {
      const at = performance.timeOrigin + performance.now();
      const kind = type === AUDIO ? 'audio' : 'video';
      this.media.push({
        kind,
        at,
        timestamp,
        head: body.length > 1 ? body.readUInt16BE(0) : 0,
        size: body.length,
      });
    }
    if (type === SET_CHUNK_SIZE) this.#chunkSize = body.readUInt32BE(0);
    if (type !== COMMAND_AMF0) return;
    const [name, transaction, ...args] = decodeAmf(body);
    this.commands.push({ name: String(name), transaction: Number(transaction), args });
  }
}
