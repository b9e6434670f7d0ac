// The TypeScript stages of `npm test`: types, lint and format, dist/, tests, interop.
import { readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ensureAddon } from '../lib/addon.mjs';
import { markedEnvironment } from '../lib/leftovers.mjs';
import { at, ROOT } from '../lib/paths.mjs';
import { run } from '../lib/run.mjs';
import { chromiumPath } from '../lib/system-packages.mjs';
import { ensureTypeScript } from '../lib/typescript.mjs';

const node = (args, options) => run(process.execPath, args, options);
const asStage = ({ code }) => (code === 0 ? { passed: 1 } : { failed: 1 });

export const tsc = async () => asStage(await node([at('node_modules/typescript/bin/tsc'), '--noEmit']));

export const biome = async () =>
  asStage(await node([at('node_modules/@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.']));

export async function dist() {
  await ensureTypeScript();
  return { passed: 1 };
}

/** Every `*.test.ts` under these folders of __test__. */
function testFiles(folders) {
  const files = [];
  const visit = (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory()) for (const entry of readdirSync(path).sort()) visit(join(path, entry));
    else if (path.endsWith('.test.ts')) files.push(relative(ROOT, path));
  };
  for (const folder of folders) visit(at(`__test__/${folder}`));
  return files;
}

/** Runs test files with Node's own runner; `concurrency` files at once, `timeoutMs` for each test. */
export async function nodeTests(files, { concurrency, timeoutMs }) {
  if (files.length === 0) return { failed: 1, note: 'no test files were found' };
  const { output, code, timedOut } = await node(
    [
      ...['--import', 'tsx', '--test', '--test-reporter=spec'],
      ...[`--test-concurrency=${concurrency}`, `--test-timeout=${timeoutMs}`, ...files],
    ],
    {
      env: { ...markedEnvironment, RTMP_GATEWAY_CHROMIUM: chromiumPath() ?? '' },
      timeoutMs: 25 * 60_000,
    },
  );
  const count = (name) => Number(new RegExp(`^ℹ ${name} (\\d+)$`, 'm').exec(output)?.[1] ?? 0);
  const passed = count('pass');
  let failed = count('fail') + count('cancelled');
  if (failed === 0 && (code !== 0 || passed === 0)) failed = 1;
  const skipped = [...output.matchAll(/^\s*﹣ (.*)$/gm)].map(([, name]) => name);
  // Where the reporter's list of failures says they stand.
  const failing = files.filter((file) => output.includes(`test at ${file}:`));
  return { passed, failed, skipped, failing, note: timedOut ? 'ended by its time limit' : undefined };
}

/** Which folders of __test__ are fast unit tests; the others drive real programs. */
const INTEROP = ['interop', 'faults'];
const NOT_TESTS = ['helpers', 'fixtures', 'nightly', '.cache'];

export function typescript() {
  const folders = readdirSync(at('__test__')).filter((name) => ![...INTEROP, ...NOT_TESTS].includes(name));
  return nodeTests(testFiles(folders), { concurrency: 2, timeoutMs: 60_000 });
}

/** More failing files than these are no accident. */
const MAX_AGAIN = 2;

/** Scenarios with real programs that need the built addon and dist/. */
async function scenarios(folder, filter, concurrency) {
  await ensureAddon();
  await ensureTypeScript();
  const files = testFiles([folder]).filter((file) => !filter || file.includes(filter));
  const options = { concurrency, timeoutMs: 180_000 };
  const first = await nodeTests(files, options);
  if (first.failed === 0 || first.failing.length === 0 || first.failing.length > MAX_AGAIN) return first;
  // Real programs on a machine that others use may miss a deadline once. Missing it twice in a row is a failure, and what
  // needed its second run is named in the summary.
  const again = await nodeTests(first.failing, { ...options, concurrency: 1 });
  if (again.failed > 0) return { ...first, note: `twice: ${again.failing.join(', ')}` };
  const passed = first.passed + first.failed;
  return { ...first, passed, failed: 0, note: `passed only when run again: ${first.failing.join(', ')}` };
}

/** Bad input: these wait more than they work, and measure nothing, so two files run at once. */
export const faults = (filter) => scenarios('faults', filter, 2);

/** One file at a time: these measure time, and two browsers at once disturb each other's figures. */
export const interop = (filter) => scenarios('interop', filter, 1);
