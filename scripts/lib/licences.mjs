// The licence texts of everything that is linked into the addon, collected from the sources that cargo used.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from './paths.mjs';
import { fail } from './run.mjs';

const TEXT = /^(licen[cs]e|copying|notice|copyright)([._-].*)?$/i;
/** How deep bundled C sources lie below the crate that builds them (like `fdk-aac/NOTICE`). */
const DEPTH = 2;
const NOT_LINKED = new Set([
  'tests',
  'test',
  'doc',
  'docs',
  'benches',
  'examples',
  'fuzz',
  'third_party',
  'third-party',
]);

function textFiles(folder, depth = DEPTH) {
  const found = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isFile() && TEXT.test(entry.name)) found.push(path);
    if (entry.isDirectory() && depth > 1 && !NOT_LINKED.has(entry.name))
      found.push(...textFiles(path, depth - 1));
  }
  return found;
}

/** The crates that `crates/node` links, without our own, by name. */
function linkedCrates() {
  const { status, stdout, stderr } = spawnSync('cargo', ['metadata', '--format-version', '1', '--locked'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 256 << 20,
  });
  if (status !== 0) fail(`cargo metadata failed:\n${stderr}`);
  const { packages, resolve } = JSON.parse(stdout);
  const byId = new Map(packages.map((crate) => [crate.id, crate]));
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const seen = new Set();
  const queue = packages.filter(({ name }) => name === 'rtmp-gateway-node').map(({ id }) => id);
  while (queue.length > 0) {
    const id = queue.pop();
    if (seen.has(id)) continue;
    seen.add(id);
    for (const { pkg, dep_kinds } of nodes.get(id).deps) {
      const linked = dep_kinds.some(
        ({ kind, target }) => kind === null && !/windows|macos|wasm/.test(target ?? ''),
      );
      if (linked) queue.push(pkg);
    }
  }
  const crates = [...seen].map((id) => byId.get(id)).filter(({ source }) => source !== null);
  return crates.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** One text: per crate its version, licence expression and the files with the wording. */
export function thirdPartyLicences() {
  const parts = ['The addon of rtmp-gateway contains the following third-party software.\n'];
  for (const { name, version, license, repository, manifest_path } of linkedCrates()) {
    parts.push(`${'='.repeat(80)}\n${name} ${version}: ${license ?? 'see below'}\n${repository ?? ''}\n`);
    const folder = dirname(manifest_path);
    for (const file of textFiles(folder)) {
      parts.push(`--- ${file.slice(folder.length + 1)}\n\n${readFileSync(file, 'utf8').trim()}\n`);
    }
  }
  return parts.join('\n');
}
