// `npm run pack`: the tarballs for the registry in artifacts/pack: the main package (JavaScript only) and one with the addon for
// this platform, which npm picks by its os, cpu and libc fields. Neither runs a script or needs a compiler when installed.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { addonPath, ensureAddon } from './lib/addon.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { thirdPartyLicences } from './lib/licences.mjs';
import { at } from './lib/paths.mjs';
import { fail, main, run, say } from './lib/run.mjs';
import { requireTools } from './lib/tools.mjs';
import { ensureTypeScript } from './lib/typescript.mjs';

const OUT = at('artifacts/pack/');
const manifest = JSON.parse(readFileSync(at('package.json'), 'utf8'));

/** Writes a folder with these files and this package.json, and packs it. */
async function pack(name, files, packageJson, texts = {}) {
  const folder = `${OUT}${name}/`;
  mkdirSync(folder, { recursive: true });
  for (const file of files) cpSync(at(file), folder + file, { recursive: true });
  rmSync(`${folder}dist/.built`, { force: true });
  for (const [file, text] of Object.entries(texts)) writeFileSync(folder + file, text);
  writeFileSync(`${folder}package.json`, `${JSON.stringify(packageJson, null, 2)}\n`);
  const args = ['pack', '--ignore-scripts', '--silent', '--pack-destination', OUT];
  const { code, output } = await run('npm', args, { cwd: folder, echo: false, timeoutMs: 120_000 });
  if (code !== 0) fail(`npm pack failed:\n${output}`);
  rmSync(folder, { recursive: true });
  say(`  artifacts/pack/${name}-${manifest.version}.tgz`);
}

await main(async () => {
  requireTools();
  await ensureDependencies();
  await ensureAddon();
  await ensureTypeScript();
  rmSync(OUT, { recursive: true, force: true });

  const addon = basename(addonPath());
  const platform = addon.split('.')[1];
  const [os, cpu, abi] = platform.split('-');
  const platformName = `${manifest.name}-${platform}`;
  const { version, license, engines, description } = manifest;
  const platformPackage = {
    name: platformName,
    version,
    description: `${description}: the addon for ${platform}`,
    license,
    engines,
    main: addon,
    files: [addon, 'NOTICE', 'THIRD-PARTY-LICENSES.txt'],
    os: [os],
    cpu: [cpu],
    ...(abi && { libc: [abi === 'gnu' ? 'glibc' : 'musl'] }),
  };
  await pack(platformName, [addon, 'LICENSE', 'NOTICE'], platformPackage, {
    'THIRD-PARTY-LICENSES.txt': thirdPartyLicences(),
  });
  const {
    scripts: _scripts,
    devDependencies: _dev,
    overrides: _over,
    allowScripts: _allow,
    ...published
  } = manifest;
  published.optionalDependencies = { [platformName]: version };
  await pack(manifest.name, [...manifest.files, 'README.md', 'LICENSE'], published);
});
