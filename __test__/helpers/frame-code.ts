/** A live source whose every picture carries its frame number, so that a viewer's delay and losses can be read off it. */
import { Program } from './program.js';
import { sleep } from './wait.js';

/** The number is drawn as a row of black and white cells: 16 bits, then 8 of check. */
export const FRAME_CODE = { bits: 16, cell: 24, top: 24 };

const WIDTH = 640;
const HEIGHT = 360;
const LUMA = WIDTH * HEIGHT;

/** One picture in planar YUV 4:2:0: a moving grey wedge under the row of cells. */
function drawFrame(number: number): Buffer {
  const frame = Buffer.alloc((LUMA * 3) / 2, 128);
  const wedge = Buffer.from(
    Uint8Array.from({ length: WIDTH }, (_, x) => 64 + (((x + number * 4) >> 2) & 127)),
  );
  for (let y = 0; y < HEIGHT; y++) wedge.copy(frame, y * WIDTH);
  const { bits, cell, top } = FRAME_CODE;
  const check = (number ^ (number >> 8) ^ 0xa5) & 0xff;
  const word = number * 256 + check;
  for (let i = 0; i < bits + 8; i++) {
    const level = Math.floor(word / 2 ** (bits + 7 - i)) % 2 ? 235 : 16;
    for (let y = top; y < top + cell; y++)
      frame.fill(level, y * WIDTH + i * cell, y * WIDTH + (i + 1) * cell);
  }
  return frame;
}

export interface FrameCodeOptions {
  fps?: number;
  /** Frames from keyframe to keyframe: frame n is a keyframe when n is a multiple of it. */
  gop?: number;
}

/** Publishes numbered pictures (and a 440 Hz tone) in real time through FFmpeg. */
export class NumberedPublisher {
  /** Wall-clock time in ms at which each frame was handed to FFmpeg. */
  readonly sentAt: number[] = [];
  readonly fps: number;
  readonly gop: number;
  readonly #program: Program;
  #running = true;
  readonly #done: Promise<void>;

  constructor(url: string, { fps = 30, gop = 60 }: FrameCodeOptions = {}) {
    this.fps = fps;
    this.gop = gop;
    this.#program = new Program(
      'ffmpeg',
      [
        ...[
          '-hide_banner',
          '-loglevel',
          'warning',
          '-fflags',
          'nobuffer',
          '-probesize',
          '32',
          '-analyzeduration',
          '0',
        ],
        ...[
          '-f',
          'rawvideo',
          '-pix_fmt',
          'yuv420p',
          '-s',
          `${WIDTH}x${HEIGHT}`,
          '-r',
          `${fps}`,
          '-i',
          'pipe:0',
        ],
        ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-threads', '1', '-bf', '0'],
        ...['-g', `${gop}`, '-keyint_min', `${gop}`, '-sc_threshold', '0', '-b:v', '1500k'],
        ...['-flush_packets', '1', '-f', 'flv', url],
      ],
      { input: true },
    );
    this.#done = this.#feed();
  }

  async #feed(): Promise<void> {
    const started = performance.now();
    for (let n = 0; this.#running && !this.#program.hasEnded; n++) {
      const frame = drawFrame(n % 65_536);
      const due = started + (n * 1_000) / this.fps;
      const early = due - performance.now();
      if (early > 0) await sleep(early);
      this.sentAt.push(performance.timeOrigin + performance.now());
      this.#program.stdin?.write(frame);
    }
    this.#program.stdin?.end();
  }

  /** Seconds since the last keyframe, at a wall-clock time (default: now). */
  phase(at = performance.timeOrigin + performance.now()): number {
    let n = this.sentAt.length - 1;
    while (n > 0 && (this.sentAt[n] ?? 0) > at) n--;
    const keyframe = n - (n % this.gop);
    return (at - (this.sentAt[keyframe] ?? at)) / 1_000;
  }

  /** Resolves when the phase has just become `seconds`. */
  async untilPhase(seconds: number): Promise<void> {
    const period = this.gop / this.fps;
    const wait = (seconds - this.phase() + period) % period;
    await sleep(wait * 1_000);
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
    await this.#program.stop('SIGTERM');
  }
}
