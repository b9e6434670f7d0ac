// `--help` of the project's scripts: the comment at the top of the script, so that there is one text to keep true.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Prints the opening comment of the script at `url` and ends the process when `--help` or `-h` was given. */
export function helpIfAsked(url) {
  if (!process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) return;
  const lines = readFileSync(fileURLToPath(url), 'utf8').split('\n');
  const end = lines.findIndex((line) => !line.startsWith('//'));
  for (const line of lines.slice(0, end)) console.log(line.replace(/^\/\/ ?/, ''));
  process.exit(0);
}
