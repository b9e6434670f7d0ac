// Builds the release addon, and fails when the generated index.js and index.d.ts differ from the committed ones.
import { readFileSync } from 'node:fs';
import { ensureAddon } from '../lib/addon.mjs';
import { at } from '../lib/paths.mjs';
import { run, say } from '../lib/run.mjs';

const GENERATED = ['index.js', 'index.d.ts'];

const contents = () =>
  GENERATED.map((name) => {
    try {
      return readFileSync(at(name), 'utf8');
    } catch {
      return '';
    }
  });

export async function addon() {
  const before = contents();
  await ensureAddon({ force: true });
  const after = contents();
  const changed = GENERATED.filter((_, i) => before[i] !== after[i]);
  const { code, output } = await run('git', ['diff', '--exit-code', '--stat', 'HEAD', '--', ...GENERATED], {
    echo: false,
  });
  // 128 and 127: this copy is not a git checkout; then the comparison with the files on disk has to do.
  if (changed.length === 0 && (code === 0 || code >= 127)) return { passed: 1 };
  say(`The build changed ${changed.join(', ') || output.trim()}: commit the generated files.`);
  return { failed: 1 };
}
