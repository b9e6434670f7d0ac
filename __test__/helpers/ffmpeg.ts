/** Real FFmpeg as publisher, player and prober; never reads the terminal, always bounded. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { Program } from './program.js';
import { type SampleOptions, testSignal } from './sample.js';
import { until } from './wait.js';

const QUIET = ['-nostdin', '-hide_banner', '-loglevel', 'warning'];

/** Publishes a file at its own speed without touching its packets. */
export function publishFile(file: string, url: string): Program {
  return new Program('ffmpeg', [...QUIET, '-re', '-i', file, '-c', 'copy', '-f', 'flv', url]);
}

/** Publishes the test picture and the 440 Hz tone, encoded live, until it is stopped. */
export function publishTestSignal(url: string, options: SampleOptions = {}): LivePublisher {
  const [signal, tune] = [testSignal({ seconds: 120, ...options }), ['-tune', 'zerolatency']];
  const inputs = signal.flatMap((arg) => (arg === '-f' ? ['-re', arg] : [arg]));
  const video = options.video === false ? [] : tune;
  return new LivePublisher([
    ...QUIET,
    '-stats_period',
    '0.1',
    '-progress',
    'pipe:1',
    ...inputs,
    ...video,
    '-f',
    'flv',
    url,
  ]);
}

export class LivePublisher extends Program {
  constructor(args: readonly string[]) {
    super('ffmpeg', args);
  }

  /** Video frames sent so far, as FFmpeg counts them (updated ten times a second). */
  get framesSent(): number {
    return Number(/.*^frame=(\d+)$/ms.exec(this.stdout)?.[1] ?? 0);
  }
}

/** One packet as a player received it. */
export interface Packet {
  /** Index of the stream in the file or connection. */
  stream: number;
  dts: number;
  pts: number;
  size: number;
  hash: string;
}

function parsePackets(framemd5: string): Packet[] {
  return framemd5
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [stream, dts, pts, , size, hash = ''] = line.split(',').map((cell) => cell.trim());
      return { stream: Number(stream), dts: Number(dts), pts: Number(pts), size: Number(size), hash };
    });
}

/** The media types by stream index, as framemd5 names them. */
function parseTypes(framemd5: string): Map<number, string> {
  const lines = framemd5.matchAll(/^#media_type (\d+): (\w+)$/gm);
  return new Map([...lines].map(([, index, type = '']) => [Number(index), type]));
}

/** The hash of each packet of one media type, in order. */
export function hashes(framemd5: string, type: 'video' | 'audio'): string[] {
  const types = parseTypes(framemd5);
  return parsePackets(framemd5)
    .filter(({ stream }) => types.get(stream) === type)
    .map(({ hash }) => hash);
}

/** The packets of one media type, in order. */
export function packets(framemd5: string, type: 'video' | 'audio'): Packet[] {
  const types = parseTypes(framemd5);
  return parsePackets(framemd5).filter(({ stream }) => types.get(stream) === type);
}

/** Packet list of a file, to compare players with. */
export function fileHashes(file: string): string {
  const { status, stdout, stderr } = spawnSync(
    'ffmpeg',
    [...QUIET, '-i', file, '-c', 'copy', '-f', 'framemd5', '-'],
    { encoding: 'utf8', timeout: 60_000, maxBuffer: 64 << 20 },
  );
  if (status !== 0) throw new Error(`ffmpeg could not read ${file}: ${stderr}`);
  return stdout;
}

/** Plays a stream and lists its packets on stdout until the stream ends (or `seconds` have been received). */
export function playHashes(url: string, { seconds }: { seconds?: number } = {}): Program {
  const limit = seconds ? ['-t', `${seconds}`] : [];
  return new Program('ffmpeg', [
    ...QUIET,
    // Starts on the first packets: what it has probed is not lost, but a short stream may be over before it has enough.
    ...['-probesize', '200000', '-analyzeduration', '2000000', '-i', url, '-c', 'copy', ...limit],
    // Written as they come, not when the other track has caught up: packets are compared per track.
    ...['-flush_packets', '1', '-max_interleave_delta', '1', '-f', 'framemd5', '-'],
  ]);
}

/** FFmpeg as a player holds back the last packet of a track until it knows that the stream has ended. */
const HELD_BACK = 1;

/**
 * Waits until a player has got every packet that comes after the first `from` ones of video in a file, stops it and compares.
 * It is stopped because players stay for a while when a publisher leaves, in case that one comes back.
 */
export async function assertReceived(player: Program, file: string, { from = 0 } = {}): Promise<void> {
  const sent = fileHashes(file);
  const tracks = (['video', 'audio'] as const).map((type) => ({ type, all: hashes(sent, type) }));
  const missing = () =>
    tracks.filter(({ type, all }) => {
      const got = hashes(player.stdout, type);
      const end = all.indexOf(got.at(-1) ?? '');
      return all.length > 0 && end < all.length - 1 - HELD_BACK;
    });
  // What is missing in the end shows in the comparison.
  await until('the last packets', () => player.hasEnded || missing().length === 0).catch(() => undefined);
  await player.stop('SIGKILL');
  for (const { type, all } of tracks) {
    const got = hashes(player.stdout, type);
    // Audio has no keyframes: a player that joins gets it from wherever the video's keyframe was.
    const start = type === 'video' || from === 0 ? from : all.indexOf(got[0] ?? '');
    const wanted = all.slice(start);
    assert.deepEqual(
      got.slice(0, wanted.length - HELD_BACK),
      wanted.slice(0, wanted.length - HELD_BACK),
      type,
    );
    assert.ok(got.length <= wanted.length, `${type}: more than was sent`);
  }
}

export interface ProbedStream {
  codec_name: string;
  codec_type: 'video' | 'audio';
  profile?: string;
  width?: number;
  height?: number;
  sample_rate?: string;
  channels?: number;
}

/** What ffprobe says about a stream's tracks. */
export async function probe(url: string, timeoutMs = 20_000): Promise<ProbedStream[]> {
  const program = new Program('ffprobe', ['-v', 'error', '-show_streams', '-of', 'json', url]);
  const { code } = await program.end(timeoutMs);
  if (code !== 0) throw new Error(`ffprobe ${url}: ${program.stderr}`);
  return (JSON.parse(program.stdout) as { streams: ProbedStream[] }).streams;
}
