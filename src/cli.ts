#!/usr/bin/env node
/** The command `rtmp-gateway`: commands, flags, help; the exit code is 2 when they are wrong. */
import { parseCommandLine, usage } from './arguments.js';
import { describeSettings, loadConfig } from './config.js';
import { complain, EXIT_OK, say, serve } from './main.js';
import { packageVersion } from './version.js';

/** Wrong command, flag or setting. */
const EXIT_USAGE = 2;
const EXIT_GRACE_MS = 1_000;

const HELP = `Usage: rtmp-gateway start [flags]

A gateway between RTMP (FFmpeg, OBS, mini-programs) and WebRTC (browsers).

Commands:
  start        serve until SIGINT or SIGTERM

Flags (also as environment variables: --rtmp-port is RTMP_GATEWAY_RTMP_PORT; flags win, then the
environment, then the file):
${describeSettings()}`;

async function run(args: readonly string[]): Promise<number> {
  let config: ReturnType<typeof loadConfig>;
  try {
    const { command, switches, flags } = parseCommandLine(args);
    if (switches.has('help')) {
      say(HELP);
      return EXIT_OK;
    }
    if (switches.has('version')) {
      say(packageVersion);
      return EXIT_OK;
    }
    if (command === undefined) throw usage('a command is missing');
    if (command !== 'start') throw usage(`unknown command ${JSON.stringify(command)}`);
    config = loadConfig(flags, process.env);
  } catch (error) {
    complain(error);
    return EXIT_USAGE;
  }
  return serve(config);
}

process.exitCode = await run(process.argv.slice(2));
// Everything is stopped and written by now; a handle that someone forgot must not keep the process.
setTimeout(() => process.exit(), EXIT_GRACE_MS).unref();
