// `npm start`: installs and builds what is missing or old, then serves: `npm start -- --rtmp-port 1936`.
import { addonIsFresh, ensureAddon } from './lib/addon.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { at } from './lib/paths.mjs';
import { main } from './lib/run.mjs';
import { requireTools } from './lib/tools.mjs';
import { ensureTypeScript } from './lib/typescript.mjs';

await main(async () => {
  // Asking every compiler for its version takes time: only a build needs them.
  requireTools({ compilers: !addonIsFresh() });
  await ensureDependencies();
  await ensureAddon();
  await ensureTypeScript();
});

// In this process rather than a child: signals and exit codes are then the gateway's own.
process.argv = [process.execPath, at('dist/cli.js'), 'start', ...process.argv.slice(2)];
await import('../dist/cli.js');
