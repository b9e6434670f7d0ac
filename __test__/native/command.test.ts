/** `rtmp-gateway start` as a process: banner, serving line, signals, exit codes. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const SERVING = /^rtmp-gateway: serving rtmp=(\S+) http=(\S+) webrtc=(\S+) pid=(\d+)$/m;

function start(...flags: string[]) {
  const args = [
    '--import',
    'tsx',
    'src/cli.ts',
    'start',
    '--rtmp-port=0',
    '--http-port=0',
    '--flv-port=0',
    '--webrtc-port=0',
  ];
  const child: ChildProcess = spawn(process.execPath, [...args, ...flags], { cwd: root });
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (data) => {
    output.stdout += data;
  });
  child.stderr?.on('data', (data) => {
    output.stderr += data;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const serving = async () => {
    for (;;) {
      const match = SERVING.exec(output.stdout);
      if (match) return match;
      assert.equal(child.exitCode, null, output.stderr);
      await delay(20);
    }
  };
  return { child, output, ended, serving };
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`serves, says so, and stops by ${signal} with exit code 0`, async () => {
    const { child, output, ended, serving } = start();
    const [, rtmp, http, webrtc, pid] = await serving();
    assert.equal(Number(pid), child.pid);
    assert.match(output.stdout, new RegExp(`rtmp://${rtmp}/live/demo`), 'the banner names the port');
    assert.match(output.stdout, new RegExp(`http://${http}/`));
    assert.match(output.stdout, /ffmpeg -re /);
    assert.ok(webrtc);
    assert.equal((await fetch(`http://${http}/healthz`)).status, 200);
    child.kill(signal);
    assert.equal(await ended, 0, output.stderr);
    assert.match(output.stdout, /\nrtmp-gateway: stopped\n$/);
  });
}

test('a port in use: one line on stderr, nothing on stdout, exit code 1', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  for (const flag of ['http-port', 'rtmp-port']) {
    const { output, ended } = start(`--${flag}=${port}`);
    assert.equal(await ended, 1, output.stderr);
    assert.equal(output.stdout, '');
    assert.match(output.stderr, new RegExp(`^rtmp-gateway: GW_PORT_IN_USE: .*${port} is in use.*--${flag}`));
    assert.equal(output.stderr.trimEnd().split('\n').length, 1);
  }
  other.close();
});
