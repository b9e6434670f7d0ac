// `npm run build:ts`: compiles src/ to dist/.
import { ensureDependencies } from './lib/dependencies.mjs';
import { main } from './lib/run.mjs';
import { ensureTypeScript } from './lib/typescript.mjs';

await main(async () => {
  await ensureDependencies();
  await ensureTypeScript({ force: true });
});
