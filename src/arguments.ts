/** Splits the command line into command, switches and flags. */
import { booleanFlags, configKeys, type Flags, flagOf } from './config.js';
import { GatewayError } from './errors.js';

/** Flags that take no value. */
const SWITCHES: ReadonlyMap<string, 'help' | 'version'> = new Map([
  ['--help', 'help'],
  ['-h', 'help'],
  ['--version', 'version'],
  ['-V', 'version'],
]);

export interface CommandLine {
  command: string | undefined;
  switches: ReadonlySet<'help' | 'version'>;
  flags: Flags;
}

/** What is wrong with the command line, with a hint at the help. */
export function usage(problem: string): GatewayError {
  return new GatewayError('GW_CONFIG_INVALID', `${problem}; see rtmp-gateway --help`);
}

/** Splits the command line; throws GW_CONFIG_INVALID that names the argument. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const names = new Set(['config', ...configKeys.map(flagOf)]);
  const flags = new Map<string, string[]>();
  const switches = new Set<'help' | 'version'>();
  let command: string | undefined;
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index] ?? '';
    const switched = SWITCHES.get(argument);
    if (switched !== undefined) {
      switches.add(switched);
    } else if (argument.startsWith('--')) {
      const [name = '', ...rest] = argument.slice(2).split('=');
      if (!names.has(name)) throw usage(`unknown flag --${name}`);
      let value: string | undefined = rest.join('=');
      if (rest.length === 0 && booleanFlags.has(name)) {
        value = 'true';
      } else if (rest.length === 0) {
        index += 1;
        value = args[index];
      }
      if (value === undefined || value === '') throw usage(`--${name} needs a value`);
      flags.set(name, [...(flags.get(name) ?? []), value]);
    } else if (argument.startsWith('-')) {
      throw usage(`unknown flag ${argument}`);
    } else if (command === undefined) {
      command = argument;
    } else {
      throw usage(`unexpected argument ${JSON.stringify(argument)}`);
    }
  }
  return { command, switches, flags };
}
