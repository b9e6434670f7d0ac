/** The version of this package, read from its package.json (the same path from src/ and dist/). */
import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

export const packageVersion: string = manifest.version;
