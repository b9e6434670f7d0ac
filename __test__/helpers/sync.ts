/** Lip sync measured from a flash and a beep that belong together: in a recording, and between two lists of times. */
import { spawnSync } from 'node:child_process';

/** FFmpeg's inputs for a flash and a 1 kHz beep of 100 ms at every full second. */
export const FLASH_AND_BEEP = [
  ...[
    '-re',
    '-f',
    'lavfi',
    '-i',
    "color=black:size=640x360:rate=30,drawbox=c=white:t=fill:enable='lt(mod(t,1),0.1)'",
  ],
  ...['-re', '-f', 'lavfi', '-i', "aevalsrc='0.5*sin(2*PI*1000*t)*lt(mod(t,1),0.1)':s=48000"],
];

/** Each flash with its nearest beep within half a second: beep minus flash, in ms. Positive: the sound is late. */
export function skews(flashes: readonly number[], beeps: readonly number[]): number[] {
  const out: number[] = [];
  for (const flash of flashes) {
    const nearest = [...beeps].sort((a, b) => Math.abs(a - flash) - Math.abs(b - flash))[0];
    if (nearest !== undefined && Math.abs(nearest - flash) < 500) out.push(nearest - flash);
  }
  return out;
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function output(command: string, args: string[]): Buffer {
  const { status, stdout, stderr } = spawnSync(command, args, { maxBuffer: 256 << 20, timeout: 60_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** Times in seconds at which frames of a recording are shown, from its container. */
function times(file: string, stream: 'v' | 'a'): number[] {
  const args = [
    '-v',
    'error',
    '-select_streams',
    `${stream}:0`,
    '-show_entries',
    'frame=pts_time',
    '-of',
    'csv=p=0',
    file,
  ];
  // Side data of a frame adds lines without a number.
  const lines = output('ffprobe', args).toString().split('\n');
  return lines.map((line) => Number.parseFloat(line)).filter((time) => !Number.isNaN(time));
}

/** Flashes and beeps of a recording, in ms of its own clock. */
export function flashesAndBeeps(file: string): { flashes: number[]; beeps: number[] } {
  const decode = ['-nostdin', '-v', 'error', '-i', file];
  const light = output('ffmpeg', [
    ...decode,
    '-an',
    '-vf',
    'crop=64:64:0:0,scale=1:1,format=gray',
    '-fps_mode',
    'passthrough',
    '-f',
    'rawvideo',
    '-',
  ]);
  const shown = times(file, 'v');
  const flashes: number[] = [];
  for (let i = 1; i < light.length; i++) {
    if ((light[i] ?? 0) > 128 && (light[i - 1] ?? 0) <= 128) flashes.push((shown[i] ?? Number.NaN) * 1_000);
  }
  const sound = output('ffmpeg', [...decode, '-vn', '-ac', '1', '-ar', '48000', '-f', 's16le', '-']);
  const start = (times(file, 'a')[0] ?? 0) * 1_000;
  const beeps: number[] = [];
  let quiet = 48_000;
  for (let i = 0; i + 1 < sound.length; i += 2) {
    if (Math.abs(sound.readInt16LE(i)) < 3_000) quiet += 1;
    else {
      if (quiet > 12_000) beeps.push(start + i / 2 / 48);
      quiet = 0;
    }
  }
  return { flashes, beeps };
}
