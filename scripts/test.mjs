// `npm test`: all set-up, then every check in turn; closes with a line `N passed, N failed`.
//   npm test -- --only tsc,biome       some stages
//   npm test -- --only interop --filter whep   the interop files whose path contains "whep"
import { parseArgs } from 'node:util';
import { ensureDependencies } from './lib/dependencies.mjs';
import { helpIfAsked } from './lib/help.mjs';
import { endLeftovers } from './lib/leftovers.mjs';
import { BuildError, duration, fail, say } from './lib/run.mjs';
import { ensureSystemPackages } from './lib/system-packages.mjs';
import { requireTools } from './lib/tools.mjs';
import { addon } from './stages/addon.mjs';
import { cargoTest, clippy, rustfmt } from './stages/rust.mjs';
import { biome, dist, faults, interop, tsc, typescript } from './stages/typescript.mjs';

helpIfAsked(import.meta.url);
const { values } = parseArgs({ options: { only: { type: 'string' }, filter: { type: 'string' } } });

/** Cheap checks first, so that a slip shows within seconds. */
const STAGES = {
  rustfmt,
  tsc,
  biome,
  clippy,
  rust: cargoTest,
  addon,
  dist,
  typescript,
  faults: () => faults(values.filter),
  interop: () => interop(values.filter),
};
const chosen = values.only?.split(',') ?? Object.keys(STAGES);
const unknown = chosen.filter((name) => !(name in STAGES));

function end(passed, failed) {
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

const setUp = async () => {
  if (unknown.length > 0) fail(`no stage is called ${unknown}: there are ${Object.keys(STAGES).join(', ')}`);
  requireTools();
  await ensureDependencies();
  if (chosen.includes('interop') || chosen.includes('faults')) await ensureSystemPackages();
};
try {
  await setUp();
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  for (const line of error.message.split('\n')) say(`rtmp-gateway: ${line}`);
  end(0, 1);
}

const started = Date.now();
const rows = [];
for (const [i, name] of chosen.entries()) {
  say(`\n== ${name} (${i + 1} of ${chosen.length})`);
  const stageStarted = Date.now();
  let result;
  try {
    result = await STAGES[name]();
  } catch (error) {
    result = { failed: 1, note: error.message };
  }
  const left = await endLeftovers();
  const { passed = 0, failed = 0, skipped = [], note } = result;
  rows.push({ name, passed, failed, skipped, note, ms: Date.now() - stageStarted });
  if (left.length > 0) {
    rows.push({
      name: `${name}: no process left behind`,
      passed: 0,
      failed: 1,
      skipped: [],
      note: left.join(', '),
      ms: 0,
    });
  }
}

console.log('\nSummary');
for (const { name, passed, failed, skipped, note, ms } of rows) {
  console.log(
    `  ${failed === 0 ? 'ok  ' : 'FAIL'} ${name}: ${passed} passed, ${failed} failed (${duration(ms)})${note ? `: ${note}` : ''}`,
  );
  for (const test of skipped) console.log(`       skipped: ${test}`);
}
console.log(`  in ${duration(Date.now() - started)}`);
const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
end(sum('passed'), sum('failed'));
