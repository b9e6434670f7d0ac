/** The life of the serving process: start, banner, signals, exit code. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from './config.js';
import { toGatewayError } from './errors.js';
import { printable } from './escape.js';
import { createLogger, EventLog } from './log.js';
import { packageVersion } from './version.js';

export const EXIT_OK = 0;
export const EXIT_FAILURE = 1;
/** A second signal: ended without waiting, as a shell reports SIGINT. */
export const EXIT_INTERRUPTED = 130;

/** A stop that takes longer is stuck; the process ends anyway. */
const STOP_TIMEOUT_MS = 10_000;

/** Writes to stdout; a reader that went away (EPIPE) is no reason to stop serving. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One line on stderr about why the command failed. */
export function complain(error: unknown): void {
  const { code, message, entry } = toGatewayError(error);
  const cause = code === 'GW_INTERNAL' && error instanceof Error ? `: ${error.message}` : '';
  process.stderr.write(`rtmp-gateway: ${code}: ${printable(message + cause, 1_000)}. ${entry.advice}\n`);
}

/** Ctrl-C under npm delivers SIGINT twice at once (the terminal's group and npm's own): that is still the first. */
const SAME_SIGNAL_MS = 500;
/** How long that second copy may take to come. */
const COPY_OF_SIGNAL_MS = 200;

/** Resolves on the first SIGINT or SIGTERM; the second ends the process at once. */
function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstAt: number | undefined;
    const onSignal = (signal: NodeJS.Signals) => {
      const now = performance.now();
      firstAt ??= now;
      if (now - firstAt > SAME_SIGNAL_MS) process.exit(EXIT_INTERRUPTED);
      resolve(signal);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

/** Errors that nothing caught end nothing: they are logged with a code, and the sessions go on. */
function surviveUncaught(log: EventLog): void {
  const report = (kind: string) => (error: unknown) => {
    const stack = error instanceof Error ? error.stack : undefined;
    log.write('error', 'GW_UNCAUGHT', `${kind}: ${error instanceof Error ? error.message : String(error)}`, {
      stack,
    });
  };
  process.on('uncaughtException', report('uncaught exception'));
  process.on('unhandledRejection', report('unhandled rejection'));
}

/** Serves until a signal; the result is the exit code. */
export async function serve(config: Config): Promise<number> {
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  const signalled = untilSignal();
  const { logger, flush } = createLogger(config.logLevel);
  try {
    // Only now: `--help` and configuration errors need no addon.
    const { createGateway } = await import('./gateway.js');
    const { banner, servingLine } = await import('./banner.js');
    const gateway = createGateway(config, { logger });
    const addresses = await gateway.start();
    surviveUncaught(new EventLog(logger));
    say(banner(packageVersion, addresses, config));
    say(servingLine(addresses));

    const signal = await signalled;
    logger.info({ signal }, 'stopping');
    const stuck = setTimeout(() => {
      process.stderr.write(`rtmp-gateway: stopping took more than ${STOP_TIMEOUT_MS} ms, ended\n`);
      process.exit(EXIT_FAILURE);
    }, STOP_TIMEOUT_MS);
    await gateway.stop();
    clearTimeout(stuck);
    // Node lets go of its handlers as it exits: npm's copy of the signal, coming then, would kill instead of being ignored.
    if (signal === 'SIGINT') await delay(COPY_OF_SIGNAL_MS);
    say('rtmp-gateway: stopped');
    return EXIT_OK;
  } catch (error) {
    complain(error);
    return EXIT_FAILURE;
  } finally {
    flush();
  }
}
