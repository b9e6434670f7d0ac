// Runs a program in a process group of its own, bounded in time, and never leaves its children behind.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ROOT } from './paths.mjs';

const groups = new Set();

/** Ends a whole process group; one that is gone already is fine. */
function killGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** While something runs, a signal ends it too; otherwise signals belong to whoever else listens (the gateway itself). */
const HANDLERS = Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }).map(([signal, code]) => [
  signal,
  () => {
    for (const pid of groups) killGroup(pid, 'SIGKILL');
    process.exit(code);
  },
]);

function track(pid) {
  if (groups.size === 0) for (const [signal, handler] of HANDLERS) process.on(signal, handler);
  groups.add(pid);
}

function untrack(pid) {
  groups.delete(pid);
  if (groups.size === 0) for (const [signal, handler] of HANDLERS) process.off(signal, handler);
}

/**
 * Runs `command args` and resolves to `{ code, signal, output, timedOut, ms }`; it never rejects: a program that cannot be
 * started has the code 127.
 *
 * - `echo`: copy what it prints to this process's stderr while it runs (default true); a function is asked for each line
 * - `timeoutMs`: SIGKILL for the whole group after this (default 30 minutes)
 * - `heartbeat`: a name; says every 30 s that it is still running, for steps that print nothing for long
 */
export function run(command, args, options = {}) {
  const { echo = true, timeoutMs = 30 * 60_000, heartbeat, env, cwd = ROOT } = options;
  const started = Date.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      detached: true,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const chunks = [];
    let timedOut = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => chunks.push(chunk));
      if (echo === true) stream.on('data', (chunk) => process.stderr.write(chunk));
      if (typeof echo === 'function') {
        createInterface({ input: stream }).on('line', (line) => echo(line) && say(line));
      }
    }
    if (child.pid) track(child.pid);
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child.pid, 'SIGKILL');
    }, timeoutMs);
    const beat = heartbeat
      ? setInterval(() => say(`  ... ${heartbeat}, ${duration(Date.now() - started)} so far`), 30_000)
      : undefined;
    const finish = (code, signal) => {
      clearTimeout(timer);
      clearInterval(beat);
      untrack(child.pid);
      resolve({ code, signal, output: Buffer.concat(chunks).toString(), timedOut, ms: Date.now() - started });
    };
    child.on('error', (error) => {
      chunks.push(Buffer.from(`${error.message}\n`));
      finish(127, null);
    });
    // A grandchild may hold the pipes open after the program ended: end the group, then wait for the pipes to close.
    child.on('exit', () => killGroup(child.pid, 'SIGKILL'));
    child.on('close', finish);
  });
}

/** One line of progress; stderr, so that stdout carries only what the gateway itself prints. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** `73000` -> `1 min 13 s`. */
export function duration(ms) {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${(ms / 1000).toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Why a build cannot go on, in words for the person who started it. */
export class BuildError extends Error {}

/** Ends a step of a build. */
export function fail(message) {
  throw new BuildError(message);
}

/** Runs a script's steps; a BuildError becomes one line and exit code 1. */
export async function main(steps) {
  try {
    return await steps();
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    for (const line of error.message.split('\n')) say(`rtmp-gateway: ${line}`);
    process.exit(1);
  }
}
