// FFmpeg and Chromium for the interop tests: installed by apt when this is root on Debian, else named in one line.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fail, run, say } from './run.mjs';

const found = (program) => spawnSync('which', [program], { stdio: 'ignore' }).status === 0;

/** The Chromium to drive: RTMP_GATEWAY_CHROMIUM, or the first of the usual names. */
export function chromiumPath() {
  const named = process.env.RTMP_GATEWAY_CHROMIUM;
  if (named && existsSync(named)) return named;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    const { status, stdout } = spawnSync('which', [name], { encoding: 'utf8' });
    if (status === 0) return stdout.trim();
  }
  return undefined;
}

/** Installs what the interop tests need, or ends with one line that says what to install. */
export async function ensureSystemPackages() {
  const packages = [];
  if (!found('ffmpeg') || !found('ffprobe')) packages.push('ffmpeg');
  if (!chromiumPath()) packages.push('chromium', 'fonts-dejavu-core');
  if (packages.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (process.getuid?.() !== 0 || !found('apt-get')) {
    fail(`the interop tests need ${packages.join(' and ')}: install them (on Debian: sudo ${command})`);
  }
  say(`Installing ${packages.join(', ')} with apt ...`);
  const options = {
    echo: false,
    heartbeat: 'apt-get',
    env: { DEBIAN_FRONTEND: 'noninteractive' },
    timeoutMs: 15 * 60_000,
  };
  await run('apt-get', ['update', '-qq'], options);
  const { code, output } = await run('apt-get', command.split(' ').slice(1), options);
  if (code !== 0) fail(`"${command}" failed:\n${output.slice(-2_000)}`);
}
