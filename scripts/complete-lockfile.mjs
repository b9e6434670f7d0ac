// Adds to package-lock.json the optional platform packages that `npm install` left out.
// npm writes only what it could read when it resolved: on a machine whose registry does not carry every platform's
// package the lock file is incomplete, and `npm ci` then refuses it everywhere. Run after changing a dependency.
import { readFileSync, writeFileSync } from 'node:fs';

const FILE = new URL('../package-lock.json', import.meta.url);

/** The npm `os`, `cpu` and `libc` fields for a package named like `scope/thing-linux-x64-musl`. */
function platformOf(name) {
  const os = /(android|darwin|freebsd|linux|win32)/.exec(name)?.[1];
  const cpu = /-(x64|arm64|arm|ia32|ppc64|s390x|riscv64|loong64|wasm32)\b/.exec(name)?.[1];
  const libc = /-(musl|gnu)(eabihf)?$/.exec(name)?.[1];
  return {
    ...(cpu && { cpu: [cpu] }),
    ...(libc && os === 'linux' && { libc: [libc === 'musl' ? 'musl' : 'glibc'] }),
    ...(os && { os: [os] }),
  };
}

const lock = JSON.parse(readFileSync(FILE, 'utf8'));
let added = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    if (lock.packages[`node_modules/${name}`] || lock.packages[`${path}/node_modules/${name}`]) continue;
    if (!/^\d+\.\d+\.\d+$/.test(range)) continue; // a range is not a platform package: npm resolves those itself
    lock.packages[`node_modules/${name}`] = {
      version: range,
      ...platformOf(name),
      dev: entry.dev,
      optional: true,
    };
    added += 1;
  }
}
lock.packages = Object.fromEntries(
  Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
);
writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${added} platform packages added`);
