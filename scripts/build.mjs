// `npm run build`: the release addon and the TypeScript, each only if older than its sources.
import { ensureAddon } from './lib/addon.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { main, say } from './lib/run.mjs';
import { requireTools } from './lib/tools.mjs';
import { ensureTypeScript } from './lib/typescript.mjs';

await main(async () => {
  requireTools();
  await ensureDependencies();
  await ensureAddon();
  await ensureTypeScript();
  say('Built: the addon and dist/');
});
