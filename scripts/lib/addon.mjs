// Builds the native addon (crates/node) with the napi command: the .node file, index.js and index.d.ts.
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { modified, newest } from './freshness.mjs';
import { at } from './paths.mjs';
import { duration, fail, run, say } from './run.mjs';

const SOURCES = ['Cargo.toml', 'Cargo.lock', 'crates'];
/** Folders whose content is not in the addon: changing a test must not cost a build. */
const NOT_IN_ADDON = new Set(['tests', 'benches', 'fuzz', 'loadgen', 'testkit', 'clippy.toml']);
/** Which profile the addon on disk was built with: one for development must not end up behind `npm start`. */
const PROFILE_NOTE = at('target/addon-profile');

/** The cargo profile that everything is built with; `dev` while developing saves minutes. */
export const PROFILE = process.env.RTMP_GATEWAY_ADDON_PROFILE || 'release';

/** napi looks for the result in a folder named like the profile, which is wrong for `dev` (its folder is `debug`). */
const profileFlags = (profile) => (profile === 'dev' ? [] : ['--profile', profile]);

/** The platform's name in the addon's file name, as napi writes it. */
function platform() {
  process.report.excludeNetwork = true; // else the report looks up the names of all interfaces
  const { platform: os, arch } = process;
  if (os !== 'linux') return `${os}-${arch}`;
  return `linux-${arch}-${process.report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl'}`;
}

/** The addon's path on this machine. */
export const addonPath = () => at(`rtmp-gateway.${platform()}.node`);

function builtProfile() {
  try {
    return readFileSync(PROFILE_NOTE, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Is there an addon of this profile that is newer than its sources? */
export function addonIsFresh(profile = PROFILE) {
  return builtProfile() === profile && modified(addonPath()) > newest(SOURCES, NOT_IN_ADDON);
}

/** Builds the addon with a cargo profile unless it is fresh; `force` asks cargo anyway. */
export async function ensureAddon({ profile = PROFILE, force = false } = {}) {
  if (!force && addonIsFresh(profile)) return false;
  say(`Building the native addon (${profile}); the first time this takes some minutes ...`);
  const started = new Date();
  const { code, ms } = await run(
    process.execPath,
    [
      at('node_modules/@napi-rs/cli/dist/cli.js'),
      ...['build', '--platform', '--esm', '--manifest-path', 'crates/node/Cargo.toml', '--output-dir', '.'],
      ...['--js', 'index.js', '--dts', 'index.d.ts', ...profileFlags(profile)],
    ],
    { heartbeat: 'building the native addon', timeoutMs: 60 * 60_000 },
  );
  if (code !== 0) fail('building the native addon failed, see above');
  // The time of the build's start: a source changed while it ran makes the addon old.
  utimesSync(addonPath(), started, started);
  mkdirSync(at('target'), { recursive: true });
  writeFileSync(PROFILE_NOTE, `${profile}\n`);
  say(`Built the native addon in ${duration(ms)}`);
  return true;
}
