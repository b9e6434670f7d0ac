/** The command line as a process: output, exit codes, one line per error. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

function command(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const { RTMP_GATEWAY_CONFIG: _, ...env } = process.env;
    execFile(
      process.execPath,
      ['--import', 'tsx', 'src/cli.ts', ...args],
      { cwd: root, env },
      (error, stdout, stderr) => resolve({ code: error ? error.code : 0, stdout, stderr }),
    );
  });
}

test('--help names every flag and exits 0', async () => {
  const { code, stdout, stderr } = await command('--help');
  assert.equal(code, 0);
  assert.equal(stderr, '');
  for (const flag of [
    'rtmp-port',
    'http-port',
    'flv-port',
    'webrtc-port',
    'shards',
    'host',
    'public-ip',
    'config',
    'log-level',
  ]) {
    assert.ok(stdout.includes(`--${flag} `), flag);
  }
});

test('--version is that of the package', async () => {
  assert.match((await command('--version')).stdout, /^\d+\.\d+\.\d+\n$/);
});

for (const [args, stderr] of [
  [['start', '--rtmp-port', 'x'], /GW_CONFIG_INVALID: --rtmp-port must be an integer/],
  [['start', '--config', '/nowhere.json'], /GW_CONFIG_UNREADABLE: cannot read "\/nowhere.json"/],
  [['serve'], /GW_CONFIG_INVALID: unknown command "serve"/],
] as const) {
  test(`${args.join(' ')}: one line on stderr, exit code 2`, async () => {
    const result = await command(...args);
    assert.equal(result.code, 2);
    assert.equal(result.stdout, '');
    assert.match(result.stderr, stderr);
    assert.equal(result.stderr.trimEnd().split('\n').length, 1);
  });
}
