// `npm run build:addon [-- --profile dev]`: the addon alone; the profile `dev` builds much faster and runs slower.
import { parseArgs } from 'node:util';
import { ensureAddon, PROFILE } from './lib/addon.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { main } from './lib/run.mjs';
import { requireTools } from './lib/tools.mjs';

const { values } = parseArgs({ options: { profile: { type: 'string', default: PROFILE } } });
await main(async () => {
  requireTools();
  await ensureDependencies();
  await ensureAddon({ profile: values.profile, force: true });
});
