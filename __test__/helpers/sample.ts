/** Media files made by FFmpeg once and kept in __test__/.cache: a test picture with a 440 Hz tone. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../.cache/', import.meta.url));

export interface SampleOptions {
  seconds?: number;
  fps?: number;
  /** Frames from keyframe to keyframe. */
  gop?: number;
  size?: string;
  video?: boolean;
  audio?: boolean;
  /** Further x264 options, like `['-bf', '2']`. */
  x264?: string[];
}

/** FFmpeg's arguments that make the test picture and the tone. */
export function testSignal(options: SampleOptions): string[] {
  const {
    seconds,
    fps = 30,
    gop = 60,
    size = '640x360',
    video = true,
    audio = true,
    x264 = ['-bf', '0'],
  } = options;
  const length = seconds ? `:d=${seconds}` : '';
  const args: string[] = [];
  if (video) args.push('-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${fps}${length}`);
  if (audio) args.push('-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=48000${length}`);
  if (video) {
    args.push('-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', `${gop}`, ...x264);
    args.push('-keyint_min', `${gop}`, '-sc_threshold', '0', '-b:v', '1500k', '-threads', '1');
  }
  if (audio) args.push('-c:a', 'aac', '-b:a', '128k', '-ac', '2');
  return args;
}

/** The path of an FLV file with the test signal. */
export function sampleFile(options: SampleOptions & { seconds: number }): string {
  mkdirSync(CACHE, { recursive: true });
  const args = testSignal(options);
  const name = args
    .join('_')
    .replace(/[^a-z0-9]+/gi, '-')
    .slice(-180);
  const path = `${CACHE}${name}.flv`;
  if (existsSync(path)) return path;
  const partial = `${path}.${process.pid}`;
  const { status, stderr } = spawnSync(
    'ffmpeg',
    ['-nostdin', '-v', 'error', '-y', ...args, '-f', 'flv', partial],
    {
      encoding: 'utf8',
      timeout: 60_000,
    },
  );
  if (status !== 0) throw new Error(`ffmpeg could not make ${name}: ${stderr}`);
  renameSync(partial, path);
  return path;
}
