/** What keeps the command from serving: one line each on stderr, and an exit code that says whose fault it is. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { withBystander } from '../helpers/bystander.js';
import { type GatewayProcess, startCommand, startGateway } from '../helpers/gateway.js';

let gateway: GatewayProcess;
let folder: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rtmp-gateway-test-'));
  gateway = await startGateway('--shards', '1');
});
after(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function expectEnd(
  flags: string[],
  code: number,
  message: RegExp,
  env: Record<string, string> = {},
): Promise<void> {
  const program = startCommand(['start', ...flags], env);
  const ended = await program.end(15_000);
  assert.equal(ended.code, code, `${flags.join(' ')}: ${program.stderr}`);
  const lines = program.stderr.split('\n').filter((line) => line.startsWith('rtmp-gateway: '));
  assert.equal(lines.length, 1, `one line for people:\n${program.stderr}`);
  assert.match(lines[0] ?? '', message);
  assert.doesNotMatch(program.stderr, /\n\s+at /, 'no stack trace');
  assert.doesNotMatch(program.stdout, /serving/);
}

test('each port that is in use is named', () =>
  withBystander(gateway, async () => {
    const port = (address: string) => address.slice(address.lastIndexOf(':') + 1);
    const taken: [string, string][] = [
      ['--rtmp-port', port(gateway.rtmp)],
      ['--http-port', port(gateway.http)],
      ['--webrtc-port', port(gateway.webrtc[0] ?? '')],
    ];
    for (const [flag, number] of taken) {
      const flags = [
        '--rtmp-port',
        '0',
        '--http-port',
        '0',
        '--flv-port',
        '0',
        '--webrtc-port',
        '0',
        '--shards',
        '1',
        flag,
        number,
      ];
      await expectEnd(flags, 1, new RegExp(`GW_PORT_IN_USE.*${number}`));
    }
  }));

test('a configuration that cannot be read or is wrong', async () => {
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  await expectEnd(['--config', join(folder, 'absent.json')], 2, /GW_CONFIG_UNREADABLE.*absent\.json/);
  await expectEnd(['--config', folder], 2, /GW_CONFIG_UNREADABLE/);
  await expectEnd(
    ['--config', write('broken.json', '{"rtmpPort": ')],
    2,
    /GW_CONFIG_UNREADABLE.*broken\.json/,
  );
  await expectEnd(['--config', write('unknown.json', '{"rtmpProt": 1}')], 2, /GW_CONFIG_INVALID.*rtmpProt/);
  await expectEnd(
    ['--config', write('range.json', '{"rtmpPort": 70000}')],
    2,
    /GW_CONFIG_INVALID.*rtmpPort/i,
  );
  await expectEnd(['--rtmp-port', 'many'], 2, /GW_CONFIG_INVALID.*rtmp-?port/i);
  await expectEnd([], 2, /GW_CONFIG_INVALID/, { RTMP_GATEWAY_SHARDS: '-1' });
  await expectEnd(['--no-such-flag'], 2, /no-such-flag/);
});

test('two interrupts within a moment are one: a clean stop', async () => {
  const other = await startGateway();
  // A terminal's Ctrl-C reaches the process itself and, forwarded, once more through npm.
  other.program.signal('SIGINT');
  setTimeout(() => other.program.signal('SIGINT'), 5);
  assert.deepEqual(await other.program.end(), { code: 0, signal: null }, other.program.stderr);
  assert.match(other.program.stdout, /^rtmp-gateway: stopped$/m);
});
