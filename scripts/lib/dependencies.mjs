// `npm ci` when node_modules is absent or older than the lock file.
import { utimesSync } from 'node:fs';
import { modified } from './freshness.mjs';
import { at } from './paths.mjs';
import { fail, run, say } from './run.mjs';

/** The list that npm itself leaves in the folder it installed. */
const INSTALLED = at('node_modules/.package-lock.json');

/** Installs the packages when needed. `force` installs anyway. Resolves to true when it did something. */
export async function ensureDependencies({ force = false } = {}) {
  if (!force && modified(INSTALLED) >= modified(at('package-lock.json'))) return false;
  say('Installing npm packages ...');
  const { code } = await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    timeoutMs: 10 * 60_000,
  });
  if (code !== 0) fail('npm ci failed, see above');
  utimesSync(INSTALLED, new Date(), new Date());
  return true;
}
