/** Logging: pino JSON lines to stderr (readable lines on a terminal), escaped and rate-limited. */
import { type Logger, pino } from 'pino';
import { printable, printableJsonLine } from './escape.js';
import type { LogRecord } from './native.js';

export type { Logger };

/** A flood of bad packets must not fill the disk (Janus #3636): lines of one code per window. */
const LINES_PER_CODE = 20;
/** Lines of all codes per window; at 400 characters this stays below 1 MB a minute. */
const LINES_PER_WINDOW = 200;
const WINDOW_MS = 10_000;
/** Codes are a fixed set; the bound is against a bug that makes codes up. */
const MAX_CODES = 512;

interface Window {
  startedAt: number;
  lines: number;
  suppressed: number;
}

/** Counts lines per code and altogether; says which may be written and how many were held back before. */
export class LogThrottle {
  readonly #windows = new Map<string, Window>();

  /**
   * @param now monotonic milliseconds
   * @returns held back: undefined; else how many lines of this code were held back since the last one written
   */
  allow(code: string, now: number): number | undefined {
    const all = this.#window('', now);
    const own = this.#window(code, now);
    if (own.lines >= LINES_PER_CODE || all.lines >= LINES_PER_WINDOW) {
      own.suppressed += 1;
      return undefined;
    }
    own.lines += 1;
    all.lines += 1;
    const suppressed = own.suppressed;
    own.suppressed = 0;
    return suppressed;
  }

  #window(code: string, now: number): Window {
    let window = this.#windows.get(code);
    if (!window) {
      if (this.#windows.size >= MAX_CODES) this.#windows.clear();
      window = { startedAt: now, lines: 0, suppressed: 0 };
      this.#windows.set(code, window);
    } else if (now - window.startedAt >= WINDOW_MS) {
      window.startedAt = now;
      window.lines = 0;
    }
    return window;
  }
}

/** Writes coded events through one throttle. */
export class EventLog {
  readonly #logger: Logger;
  readonly #throttle = new LogThrottle();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  write(
    level: LogRecord['level'],
    code: string,
    message: string,
    fields: Record<string, unknown> = {},
  ): void {
    if (!this.#logger.isLevelEnabled(level)) return;
    const suppressed = this.#throttle.allow(code, performance.now());
    if (suppressed === undefined) return;
    this.#logger[level]({ code, ...fields, ...(suppressed > 0 ? { suppressed } : {}) }, printable(message));
  }
}

/** What is still unwritten when stderr is stuck beyond this is dropped, so that logging cannot eat the memory. */
const MAX_UNWRITTEN_BYTES = 1 << 20;

const LEVEL_NAMES: Record<number, string> = { 20: 'DEBUG', 30: 'INFO', 40: 'WARN', 50: 'ERROR', 60: 'FATAL' };

/** One readable line of one JSON line. */
export function readableLine(line: string): string {
  const { time, level, code, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  if (typeof err === 'object' && err !== null && 'message' in err)
    fields.push(`error=${JSON.stringify(err.message)}`);
  const parts = [
    String(time).slice(11, 23),
    (LEVEL_NAMES[Number(level)] ?? '').padEnd(5),
    code,
    msg,
    ...fields,
  ];
  return printable(parts.filter((part) => part !== undefined && part !== '').join(' '), 2_000);
}

/** The logger of the process. */
export function createLogger(level: string): { logger: Logger; flush: () => void } {
  const destination = pino.destination({ fd: 2, sync: false, maxLength: MAX_UNWRITTEN_BYTES });
  const write = process.stderr.isTTY
    ? (line: string) => destination.write(`${readableLine(line)}\n`)
    : (line: string) => destination.write(printableJsonLine(line));
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, { write });
  return { logger, flush: () => destination.flushSync() };
}
