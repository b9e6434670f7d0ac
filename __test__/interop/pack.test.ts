/** The packed tarballs install into an empty folder without a compiler or scripts, and serve there. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Program } from '../helpers/program.js';
import { until } from '../helpers/wait.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PACKED = join(ROOT, 'artifacts/pack');

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'rtmp-gateway-install-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Node, npm and a shell, but neither a compiler nor cargo. */
function bareEnvironment(): { PATH: string } {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const from = dirname(process.execPath);
  for (const tool of ['node', 'npm', 'npx']) symlinkSync(join(from, tool), join(bin, tool));
  for (const tool of ['sh', 'env'])
    symlinkSync(existsSync(`/bin/${tool}`) ? `/bin/${tool}` : `/usr/bin/${tool}`, join(bin, tool));
  return { PATH: bin };
}

test('install without a compiler, then serve', async () => {
  const packing = new Program(process.execPath, [join(ROOT, 'scripts/pack.mjs')]);
  assert.equal((await packing.end(150_000)).code, 0, packing.stderr);
  const tarballs = readdirSync(PACKED).map((name) => join(PACKED, name));
  assert.equal(tarballs.length, 2);

  const env = bareEnvironment();
  const app = join(folder, 'app');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{"private":true}\n');
  const install = ['install', '--prefix', app, '--ignore-scripts', '--no-audit', '--no-fund', ...tarballs];
  const installing = new Program(join(env.PATH, 'npm'), install, { env });
  assert.equal((await installing.end(120_000)).code, 0, installing.stderr);

  const command = join(app, 'node_modules/.bin/rtmp-gateway');
  const ports = ['--rtmp-port', '0', '--http-port', '0', '--flv-port', '0', '--webrtc-port', '0'];
  const gateway = new Program(command, ['start', ...ports], { env });
  try {
    const [, http] = await until('the installed gateway to serve', () => {
      if (gateway.hasEnded) throw new Error(gateway.stderr);
      return /^rtmp-gateway: serving .* http=(\S+) /m.exec(gateway.stdout);
    });
    assert.equal((await fetch(`http://${http}/healthz`)).status, 200);
    assert.match(await (await fetch(`http://${http}/`)).text(), /<!doctype html>/i);
    await gateway.stop('SIGTERM');
    assert.deepEqual(await gateway.ended, { code: 0, signal: null }, gateway.stderr);
  } finally {
    await gateway.stop('SIGKILL');
  }
});
