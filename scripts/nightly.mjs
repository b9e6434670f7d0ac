// `npm run test:nightly`: the real fuzzer (cargo-fuzz, nightly Rust) on every target of crates/fuzz, each for a bounded time.
//   npm run test:nightly -- --seconds 600        seconds for each target (60)
//   npm run test:nightly -- --only amf0,session  some targets
// What it learns is kept in target/fuzz-corpus and used again; what it finds is copied to artifacts/fuzz.
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { helpIfAsked } from './lib/help.mjs';
import { at } from './lib/paths.mjs';
import { duration, fail, main, run, say } from './lib/run.mjs';
import { requireTools } from './lib/tools.mjs';

const FOLDER = 'crates/fuzz';
/** Apart from other builds: instrumented code is good for nothing else. */
const TARGET = join(process.env.CARGO_TARGET_DIR ?? at('target'), 'fuzz');
/** Memory of one target in MiB: far above what any limit of ours allows, far below the machine's. */
const MEMORY_MIB = 1024;
/** An input that keeps a target busy for longer is a finding: a stranger could send it. */
const SLOW_SECONDS = 5;
/** Targets that need the whole engine, which takes some minutes to build. */
const WITH_ENGINE = new Set(['sdp_offer']);

helpIfAsked(import.meta.url);
const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, only: { type: 'string' } },
});
const seconds = Number(values.seconds);

function targets() {
  const all = readdirSync(at(`${FOLDER}/fuzz_targets`))
    .map((file) => file.replace(/\.rs$/, ''))
    .sort();
  const wanted = values.only?.split(',') ?? all;
  const unknown = wanted.filter((name) => !all.includes(name));
  if (unknown.length > 0) fail(`no target is called ${unknown}: there are ${all.join(', ')}`);
  return wanted;
}

const quiet = { echo: false, timeoutMs: 60_000 };

/** The nightly toolchain cannot be installed without rustup; cargo-fuzz can. */
async function ensureFuzzer() {
  requireTools();
  if ((await run('cargo', ['+nightly', '--version'], quiet)).code !== 0) {
    fail('the nightly toolchain is not installed: the fuzzer needs it (rustup toolchain install nightly)');
  }
  if ((await run('cargo', ['fuzz', '--version'], quiet)).code === 0) return;
  say('Installing cargo-fuzz ...');
  const { code } = await run('cargo', ['install', 'cargo-fuzz', '--locked'], {
    heartbeat: 'installing cargo-fuzz',
  });
  if (code !== 0)
    fail('cargo-fuzz is not installed, and "cargo install cargo-fuzz --locked" failed: see above');
}

function fuzz(command, target, args = [], options = {}) {
  const features = WITH_ENGINE.has(target) ? ['--features', 'engine'] : [];
  return run(
    'cargo',
    [
      ...['+nightly', 'fuzz', command, '--fuzz-dir', FOLDER, '--target-dir', TARGET, ...features],
      ...[target, ...args],
    ],
    options,
  );
}

/** Builds and runs one target; resolves to undefined, or to why it failed. */
async function runTarget(target) {
  const built = await fuzz('build', target, [], { heartbeat: `building ${target}`, echo: false });
  if (built.code !== 0) return `it does not build:\n${built.output.slice(-2_000)}`;
  const learnt = at(`target/fuzz-corpus/${target}`);
  const found = at(`artifacts/fuzz/${target}/`);
  for (const folder of [learnt, found]) mkdirSync(folder, { recursive: true });
  const limits = [`-max_total_time=${seconds}`, `-timeout=${SLOW_SECONDS}`, `-rss_limit_mb=${MEMORY_MIB}`];
  const { code, output, ms } = await fuzz(
    'run',
    target,
    [
      learnt,
      at(`${FOLDER}/corpus/${target}`),
      '--',
      ...limits,
      `-artifact_prefix=${found}`,
      '-print_final_stats=1',
    ],
    { echo: false, heartbeat: `fuzzing ${target}`, timeoutMs: (seconds + 120) * 1_000 },
  );
  const runs = /stat::number_of_executed_units:\s*(\d+)/.exec(output)?.[1] ?? '?';
  const coverage = output.match(/cov: \d+/g)?.at(-1) ?? 'no coverage';
  say(`  ${target}: ${runs} inputs, ${coverage}, ${duration(ms)}`);
  if (code === 0) return undefined;
  const lines = output.split('\n');
  const panic = lines.findIndex((line) => /panicked at|ERROR: /.test(line));
  const told = lines.slice(Math.max(panic, 0), Math.max(panic, 0) + 6).join('\n    ');
  return `${told}\n    the input is in ${found}`;
}

await main(async () => {
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 24 * 3600) {
    fail('--seconds must be an integer from 1 to 86400');
  }
  const chosen = targets();
  await ensureFuzzer();
  say(`${chosen.length} targets, ${seconds} s each`);
  let failed = 0;
  for (const target of chosen) {
    const why = await runTarget(target);
    if (why === undefined) continue;
    failed += 1;
    say(`FAIL ${target}: ${why}`);
  }
  console.log(`${chosen.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
});
