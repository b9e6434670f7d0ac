// Checks that the programs a build needs are here, and says in one line each what to install.
import { spawnSync } from 'node:child_process';
import { fail } from './run.mjs';

/** Node's own floor: the first 20.x that the command-line tools of the build accept. */
const NODE = [20, 17, 0];
/** The Rust edition and library features in use. */
const RUST = [1, 89, 0];

const parse = (text) => (/(\d+)\.(\d+)\.(\d+)/.exec(text) ?? []).slice(1).map(Number);
const atLeast = (have, want) => {
  for (const [i, part] of want.entries()) if (have[i] !== part) return have[i] > part;
  return true;
};

/** The first line a program prints for `--version`, or undefined when it is not installed. */
function version(program, flag = '--version') {
  const { status, stdout } = spawnSync(program, [flag], { encoding: 'utf8', timeout: 20_000 });
  return status === 0 ? stdout.split('\n')[0] : undefined;
}

/** Is one of these programs installed? */
const anyOf = (programs) => programs.some((program) => program && version(program) !== undefined);

/** One line for each missing tool: what it is for and how to get it. Empty when everything is here. */
export function missingTools({ compilers = true } = {}) {
  const missing = [];
  if (!atLeast(parse(process.versions.node), NODE)) {
    missing.push(
      `Node.js ${NODE.join('.')} or newer is needed, this is ${process.version}: install it from nodejs.org`,
    );
  }
  if (!version('npm'))
    missing.push('npm is not installed: it comes with Node.js (on Debian: apt-get install npm)');
  if (!compilers) return missing;
  const rust = version('rustc');
  if (!rust || !version('cargo')) {
    missing.push(
      `Rust ${RUST.join('.')} or newer (rustc and cargo) is not installed: install it with rustup (rustup.rs)`,
    );
  } else if (!atLeast(parse(rust), RUST)) {
    missing.push(`Rust ${RUST.join('.')} or newer is needed, this is ${rust}: run "rustup update stable"`);
  }
  if (!anyOf([process.env.CC, 'cc', 'gcc', 'clang'])) {
    missing.push(
      'a C compiler is not installed: install gcc or clang (on Debian: apt-get install build-essential)',
    );
  }
  if (!anyOf([process.env.CXX, 'c++', 'g++', 'clang++'])) {
    missing.push(
      'a C++ compiler is not installed: install g++ or clang (on Debian: apt-get install build-essential)',
    );
  }
  if (!anyOf(['cmake']))
    missing.push('cmake is not installed: install it (on Debian: apt-get install cmake)');
  return missing;
}

/** Ends with one line per missing tool. */
export function requireTools(options) {
  const missing = missingTools(options);
  if (missing.length > 0) fail(missing.join('\n'));
}
