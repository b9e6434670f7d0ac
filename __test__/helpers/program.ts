/** A program under test: started in its own process group, its output kept, its end bounded and certain. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { within } from './wait.js';

export interface ProgramOptions {
  /** Open a pipe to its standard input (default: closed). */
  input?: boolean;
  env?: Record<string, string>;
}

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export class Program {
  readonly pid: number;
  /** Everything printed so far. */
  stdout = '';
  stderr = '';
  /** Resolves when the program has ended and its pipes are closed. */
  readonly ended: Promise<Ended>;
  readonly stdin: Writable | null;
  hasEnded = false;
  readonly #name: string;

  constructor(command: string, args: readonly string[], options: ProgramOptions = {}) {
    this.#name = `${command} ${args.join(' ')}`;
    const child = spawn(command, args, {
      detached: true,
      env: { ...process.env, ...options.env },
      stdio: [options.input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    }) as ChildProcessByStdio<Writable | null, Readable, Readable>;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.stdin = child.stdin;
    this.stdin?.on('error', () => undefined); // a reader that ended early shows in its exit code
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        this.hasEnded = true;
        resolve({ code, signal });
      });
    });
    this.ended.catch(() => undefined);
    this.pid = child.pid ?? 0;
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.hasEnded && this.pid > 0) process.kill(this.pid, signal);
  }

  /** Waits for it to end by itself; one that does not is killed, and the test fails with what it printed. */
  async end(timeoutMs = 20_000): Promise<Ended> {
    try {
      return await within(`the end of "${this.#name}"`, timeoutMs, this.ended);
    } catch (error) {
      this.#kill();
      throw new Error(`${(error as Error).message}; it printed:\n${this.stderr.slice(-2_000)}`);
    }
  }

  /** Asks it to end, and kills its whole group if it does not within `graceMs`. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', graceMs = 5_000): Promise<void> {
    if (this.hasEnded) return;
    this.signal(signal);
    await within('the end', graceMs, this.ended).catch(() => this.#kill());
    await this.ended;
  }

  #kill(): void {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // The group is gone already.
    }
  }
}
