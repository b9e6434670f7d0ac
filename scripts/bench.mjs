// `npm run bench`: loads the real gateway with the scenarios of benches/load, beside a floor measured in the same run.
//   npm run bench -- --full                 the sizes of the goals (1,000 players, 10,000 connections, longer windows)
//   npm run bench -- --only latency,idle    some scenarios
//   npm run bench -- --runs 3               the median of three
//   npm run bench -- --profile dev          a faster build, slower code: for trying out
//   npm run bench -- --gateway PATH/cli.js  another build of the gateway; nothing but the load generator is built
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { judge, medians, table } from './bench-report.mjs';
import { gatewaySettings, nginxMissing, startGateway, startNginx } from './bench-servers.mjs';
import { ensureAddon } from './lib/addon.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { helpIfAsked } from './lib/help.mjs';
import { at } from './lib/paths.mjs';
import { BuildError, fail, main, run, say } from './lib/run.mjs';
import { requireTools } from './lib/tools.mjs';
import { ensureTypeScript } from './lib/typescript.mjs';

helpIfAsked(import.meta.url);
const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    only: { type: 'string' },
    runs: { type: 'string' },
    profile: { type: 'string', default: 'release' },
    gateway: { type: 'string' },
  },
});
const size = values.full ? 'full' : 'quick';
const runs = Math.max(1, Number(values.runs ?? (values.full ? 3 : 1)) || 1);
const cli = values.gateway ? resolve(values.gateway) : at('dist/cli.js');

function scenarios() {
  const folder = at('benches/load');
  const all = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({ name: file.slice(0, -5), ...JSON.parse(readFileSync(join(folder, file), 'utf8')) }));
  const wanted = values.only?.split(',') ?? all.map(({ name }) => name);
  const unknown = wanted.filter((name) => !all.some((scenario) => scenario.name === name));
  if (unknown.length > 0) {
    fail(`no scenario is called ${unknown}: there are ${all.map(({ name }) => name).join(', ')}`);
  }
  return all.filter(({ name }) => wanted.includes(name));
}

async function build() {
  requireTools();
  await ensureDependencies();
  if (!values.gateway) {
    await ensureAddon({ profile: values.profile });
    await ensureTypeScript();
  }
  const { code } = await run(
    'cargo',
    ['build', '--quiet', '--package', 'rtmp-gateway-loadgen', '--profile', values.profile],
    {
      heartbeat: 'building the load generator',
    },
  );
  if (code !== 0) fail('building the load generator failed, see above');
  const folder = values.profile === 'dev' ? 'debug' : values.profile;
  return join(process.env.CARGO_TARGET_DIR ?? at('target'), folder, 'rtmp-gateway-loadgen');
}

/** One run of the load generator against a server that is stopped afterwards; resolves to its result. */
async function load(program, server, { command, options = {}, ...scenario }, more = {}) {
  try {
    const given = { target: server.target, pid: server.pid, ...options, ...scenario[size], ...more };
    const flags = Object.entries(given).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const { code, output } = await run(program, [command, ...flags], { echo: false, timeoutMs: 15 * 60_000 });
    const line = output.split('\n').find((text) => text.startsWith('{'));
    if (code !== 0 || !line) fail(`the load generator failed: ${output.trim()}`);
    return JSON.parse(line);
  } finally {
    await server.stop();
  }
}

async function measure(program, settings, scenario) {
  const results = [];
  for (let i = 0; i < runs; i += 1) {
    const gateway = await startGateway(cli, settings, scenario.gateway ?? {});
    const result = await load(program, gateway, scenario);
    if (scenario.compare && !nginxMissing()) {
      const other = await load(program, await startNginx(), scenario, { floor: 'no' });
      result.nginx = other.server;
      result.cpuRatioToNginx = result.server.cpuSeconds / other.server.cpuSeconds;
    }
    results.push(result);
  }
  return results;
}

await main(async () => {
  const chosen = scenarios();
  const program = await build();
  const settings = gatewaySettings(cli);
  const why = nginxMissing();
  if (why) say(`nginx-rtmp is not measured beside the gateway: ${why}`);
  const before = loadavg()[0];
  if (before > cpus().length / 2) {
    say(
      `This machine is busy (load average ${before.toFixed(1)}): the figures will be worse than it can do.`,
    );
  }
  const entries = [];
  for (const scenario of chosen) {
    const { name, title, command, goals = [] } = scenario;
    const missing = Object.keys(scenario.gateway ?? {}).filter((setting) => !settings.has(setting));
    if (missing.length > 0) {
      entries.push({ name, title, skipped: `this gateway has no --${missing.join(', --')}` });
    } else {
      say(`${name} (${size}, ${runs} run${runs > 1 ? 's' : ''}) ...`);
      try {
        const results = await measure(program, settings, scenario);
        const result = medians(results);
        entries.push({ name, title, command, result, goals: judge(goals, result), runs: results });
      } catch (error) {
        // The others are measured all the same.
        if (!(error instanceof BuildError)) throw error;
        entries.push({ name, title, failed: error.message });
        process.exitCode = 1;
      }
    }
    console.log(table(entries.at(-1)).join('\n'));
  }
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, kernel: release(), loadBefore: before };
  const command = ['npm run bench --', ...process.argv.slice(2)].join(' ');
  mkdirSync(at('artifacts'), { recursive: true });
  writeFileSync(
    at('artifacts/bench.json'),
    `${JSON.stringify({ command, profile: values.profile, machine, scenarios: entries }, undefined, 2)}\n`,
  );
  console.log(`\nWritten to artifacts/bench.json (load average before: ${before.toFixed(1)})`);
});
