/** Settings: where they come from, which source wins, and what errors say. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { parseCommandLine } from '../../src/arguments.js';
import {
  configKeys,
  describeSettings,
  environmentOf,
  flagOf,
  loadConfig,
  resolveConfig,
} from '../../src/config.js';

const directory = mkdtempSync(join(tmpdir(), 'rtmp-gateway-config-'));
after(() => rmSync(directory, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

function load(args: string[], environment: Record<string, string> = {}) {
  return loadConfig(parseCommandLine(args).flags, environment);
}

test('defaults are those of the documentation', () => {
  const { shards, ...config } = load([]);
  assert.deepEqual(config, {
    host: '127.0.0.1',
    rtmpPort: 1935,
    httpPort: 8080,
    flvPort: 8081,
    webrtcPort: 8189,
    publicIps: [],
    rtmpAudioHold: 40,
    rtmpNagle: false,
    tcpCongestion: 'bbr',
    logLevel: 'info',
  });
  assert.ok(shards >= 1);
});

test('flags win over environment, environment over file, file over defaults', () => {
  const config = file('all.json', '{"rtmpPort": 1, "httpPort": 2, "webrtcPort": 3}');
  const environment = { RTMP_GATEWAY_HTTP_PORT: '20', RTMP_GATEWAY_WEBRTC_PORT: '30', RTMP_GATEWAY_HOST: '' };
  const { rtmpPort, httpPort, webrtcPort, host } = load(
    ['--config', config, '--webrtc-port=300'],
    environment,
  );
  assert.deepEqual([rtmpPort, httpPort, webrtcPort, host], [1, 20, 300, '127.0.0.1']);
});

test('the environment may name the file', () => {
  const path = file('env.json', '{"shards": 3}');
  assert.equal(load([], { RTMP_GATEWAY_CONFIG: path }).shards, 3);
});

test('--public-ip repeats, and separates by commas in the environment', () => {
  assert.deepEqual(load(['--public-ip', '1.2.3.4', '--public-ip=::1']).publicIps, ['1.2.3.4', '::1']);
  assert.deepEqual(load([], { RTMP_GATEWAY_PUBLIC_IP: '1.2.3.4, 5.6.7.8' }).publicIps, [
    '1.2.3.4',
    '5.6.7.8',
  ]);
});

test('every setting has a flag, an environment variable and a line of help', () => {
  const help = describeSettings();
  for (const key of configKeys) {
    assert.match(flagOf(key), /^[a-z-]+$/);
    assert.match(environmentOf(key), /^RTMP_GATEWAY_[A-Z_]+$/);
    assert.ok(help.includes(`--${flagOf(key)} `), key);
  }
});

test('a flag that is true or false may stand alone', () => {
  assert.equal(load(['--rtmp-nagle', '--rtmp-port', '1']).rtmpNagle, true);
  assert.equal(load(['--rtmp-nagle=false']).rtmpNagle, false);
  assert.equal(load([], { RTMP_GATEWAY_RTMP_NAGLE: 'true' }).rtmpNagle, true);
});

const missing = join(directory, 'missing.json');
const wrong: [string, string[], Record<string, string>, RegExp][] = [
  [
    'flag not a number',
    ['--rtmp-port', 'abc'],
    {},
    /^--rtmp-port must be an integer from 0 to 65535 .*, not "abc"$/,
  ],
  ['flag out of range', ['--rtmp-port', '65536'], {}, /^--rtmp-port must be .*, not 65536$/],
  ['flag negative', ['--shards=-1'], {}, /^--shards must be an integer from 1 to 64, not -1$/],
  ['flag as float', ['--shards=1.5'], {}, /not "1.5"$/],
  ['flag in hex', ['--http-port=0x10'], {}, /not "0x10"$/],
  ['environment', [], { RTMP_GATEWAY_SHARDS: '0' }, /^RTMP_GATEWAY_SHARDS must be .*, not 0$/],
  ['bad host', ['--host', 'a b'], {}, /^--host must be an IP address or a host name, not "a b"$/],
  [
    'bad public address',
    ['--public-ip', '1.2.3'],
    {},
    /^--public-ip must be up to 8 IP addresses, not \["1.2.3"\]$/,
  ],
  ['bad level', ['--log-level', 'loud'], {}, /^--log-level must be one of debug, info, .*, not "loud"$/],
  ['neither true nor false', ['--rtmp-nagle=yes'], {}, /^--rtmp-nagle must be true or false, not "yes"$/],
  [
    'bad congestion',
    ['--tcp-congestion', 'BBR 2'],
    {},
    /^--tcp-congestion must be the name of .*, not "BBR 2"$/,
  ],
  [
    'audio hold',
    ['--rtmp-audio-hold', '501'],
    {},
    /^--rtmp-audio-hold must be an integer from 0 to 500 .*, not 501$/,
  ],
  ['unknown flag', ['--rtmp', '1'], {}, /^unknown flag --rtmp; see/],
  ['flag named __proto__', ['--__proto__=1'], {}, /^unknown flag --__proto__/],
  ['flag without value', ['--host'], {}, /^--host needs a value/],
  ['empty flag', ['--config='], {}, /^--config needs a value/],
  ['two commands', ['start', 'now'], {}, /^unexpected argument "now"/],
  [
    'same ports',
    ['--rtmp-port=9000', '--http-port=9000'],
    {},
    /^--http-port and --rtmp-port must differ, both are 9000/,
  ],
  [
    'the default of another port',
    ['--http-port=8081'],
    {},
    /^the default of flvPort and --http-port must differ, both are 8081/,
  ],
  [
    'no room for shards',
    ['--webrtc-port=65535', '--shards=2'],
    {},
    /^--webrtc-port leaves no room for 2 shards/,
  ],
  [
    'file missing',
    ['--config', missing],
    {},
    /^cannot read ".*missing.json" \(--config\): there is no such file$/,
  ],
  ['file is a directory', ['--config', directory], {}, /\(--config\): EISDIR$/],
  [
    'file is no JSON',
    ['--config', file('bad.json', '{"rtmpPort": }')],
    {},
    /bad.json" \(--config\) is not valid JSON: /,
  ],
  [
    'file is a list',
    ['--config', file('list.json', '[]')],
    {},
    /list.json" \(--config\) must hold one JSON object$/,
  ],
  [
    'file key unknown',
    ['--config', file('key.json', '{"rtmp_port": 1}')],
    {},
    /key.json: unknown setting "rtmp_port"; /,
  ],
  [
    'file value',
    ['--config', file('value.json', '{"rtmpPort": "1"}')],
    {},
    /value.json: rtmpPort must be .*, not "1"$/,
  ],
  [
    'file with __proto__',
    ['--config', file('proto.json', '{"__proto__": {"shards": 2}}')],
    {},
    /proto.json: unknown setting "__proto__"/,
  ],
];

for (const [name, args, environment, message] of wrong) {
  test(`error: ${name}`, () => {
    assert.throws(() => load(args, environment), { message, code: /^GW_CONFIG_(INVALID|UNREADABLE)$/ });
  });
}

test('a program gets the same checks', () => {
  assert.equal(resolveConfig({ httpPort: 0 }).httpPort, 0);
  assert.throws(() => resolveConfig({ httpPort: -1 }), {
    code: 'GW_CONFIG_INVALID',
    message: /createGateway: httpPort/,
  });
  assert.throws(() => resolveConfig({ nope: 1 } as object), { message: /unknown setting "nope"/ });
});
