// The Rust stages of `npm test`: format, lint, tests.
import { run } from '../lib/run.mjs';

/** A toolchain component that is not installed is named, not passed over in silence. */
async function component(subcommand, args, timeoutMs) {
  const { code } = await run('cargo', [subcommand, '--version'], { echo: false });
  if (code !== 0) {
    return { failed: 1, note: `cargo ${subcommand} is not installed: rustup component add rustfmt clippy` };
  }
  const result = await run('cargo', [subcommand, ...args], { timeoutMs, heartbeat: `cargo ${subcommand}` });
  return result.code === 0 ? { passed: 1 } : { failed: 1 };
}

export const rustfmt = () => component('fmt', ['--all', '--check'], 60_000);

export const clippy = () =>
  component('clippy', ['--workspace', '--all-targets', '--quiet', '--', '-D', 'warnings'], 30 * 60_000);

/** What is worth showing of `cargo test`: not the line of each test that passed. */
const worthShowing = (line) =>
  line !== '' && !/^(test .* \.\.\. ok|running \d+ tests?|test result: ok.*)$/.test(line);

export async function cargoTest() {
  const { code, output } = await run('cargo', ['test', '--workspace', '--no-fail-fast'], {
    echo: worthShowing,
    heartbeat: 'cargo test',
    timeoutMs: 40 * 60_000,
  });
  let passed = 0;
  let failed = 0;
  const skipped = [];
  for (const [, good, bad] of output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed/gm)) {
    passed += Number(good);
    failed += Number(bad);
  }
  for (const [, name] of output.matchAll(/^test (.*) \.\.\. ignored/gm)) skipped.push(name);
  // A test program that did not compile, or that died, has no result line of its own.
  if (code !== 0 && failed === 0) failed = 1;
  return { passed, failed, skipped };
}
