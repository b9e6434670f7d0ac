// Compiles src/ to dist/ when it is older than its sources.
import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { modified, newest } from './freshness.mjs';
import { at } from './paths.mjs';
import { fail, run, say } from './run.mjs';

const SOURCES = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json', 'index.d.ts'];
/** Written last, so that an interrupted build is not taken for a finished one. */
const STAMP = at('dist/.built');

export async function ensureTypeScript({ force = false } = {}) {
  if (!force && modified(STAMP) > newest(SOURCES)) return false;
  say('Compiling TypeScript ...');
  const started = new Date();
  rmSync(at('dist'), { recursive: true, force: true }); // the output of a removed source must not live on
  const { code } = await run(process.execPath, [
    at('node_modules/typescript/bin/tsc'),
    '-p',
    'tsconfig.build.json',
  ]);
  if (code !== 0) fail('compiling TypeScript failed, see above');
  writeFileSync(STAMP, '');
  utimesSync(STAMP, started, started);
  return true;
}
