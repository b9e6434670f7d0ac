/** The gateway's settings: one schema; defaults < file < environment < flags. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import Type, { type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { GatewayError } from './errors.js';

/** More shards than this only cost memory on any machine we know. */
export const MAX_SHARDS = 64;

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** What a setting adds to its JSON schema: how its flag is called and how errors and help describe it. */
interface Setting {
  description: string;
  /** Completes "must be ...". */
  expects: string;
  /** Flag without dashes; the environment variable is derived from it. */
  flag: string;
  /** What help shows for the value. */
  metavar: string;
  /** What help shows when the default depends on the machine. */
  defaultText?: string;
}

const port = (flag: string, value: number, description: string) =>
  Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: value,
    description,
    expects: 'an integer from 0 to 65535 (0 picks a free port)',
    flag,
    metavar: 'PORT',
  } satisfies Setting & Record<string, unknown>);

export const ConfigSchema = Type.Object(
  {
    host: Type.Refine(
      Type.String({
        default: '127.0.0.1',
        description: 'Address to listen on; 0.0.0.0 or :: opens the gateway to the network',
        expects: 'an IP address or a host name',
        flag: 'host',
        metavar: 'ADDRESS',
      } satisfies Setting & Record<string, unknown>),
      (value: string) =>
        isIP(value) !== 0 || /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(value),
    ),
    rtmpPort: port('rtmp-port', 1935, 'RTMP port (TCP)'),
    httpPort: port('http-port', 8080, 'Port of the console, the API, WHEP and WHIP (TCP)'),
    flvPort: port('flv-port', 8081, 'HTTP-FLV port (TCP)'),
    webrtcPort: port('webrtc-port', 8189, 'First WebRTC port (UDP); shard N uses this port + N'),
    shards: Type.Integer({
      minimum: 1,
      maximum: MAX_SHARDS,
      default: Math.min(availableParallelism(), MAX_SHARDS),
      defaultText: 'one per core',
      description: 'Engine threads that carry media',
      expects: `an integer from 1 to ${MAX_SHARDS}`,
      flag: 'shards',
      metavar: 'COUNT',
    } satisfies Setting & Record<string, unknown>),
    publicIps: Type.Array(
      Type.Refine(Type.String(), (value: string) => isIP(value) !== 0),
      {
        maxItems: 8,
        default: [],
        description: 'Address that browsers reach this machine by, when it is behind NAT; repeatable',
        expects: 'up to 8 IP addresses',
        flag: 'public-ip',
        metavar: 'ADDRESS',
      } satisfies Setting & Record<string, unknown>,
    ),
    rtmpAudioHold: Type.Integer({
      minimum: 0,
      maximum: 500,
      default: 40,
      description: 'How long audio for RTMP and FLV players waits to share a write with the next video frame',
      expects: 'an integer from 0 to 500 (milliseconds; 0 sends audio at once)',
      flag: 'rtmp-audio-hold',
      metavar: 'MS',
    } satisfies Setting & Record<string, unknown>),
    rtmpNagle: Type.Boolean({
      default: false,
      description: 'Let the kernel merge small RTMP and FLV writes: less CPU, more delay',
      expects: 'true or false',
      flag: 'rtmp-nagle',
      metavar: '[BOOLEAN]',
    } satisfies Setting & Record<string, unknown>),
    tcpCongestion: Type.String({
      pattern: '^[a-z0-9_-]{1,15}$',
      default: 'bbr',
      description: 'TCP congestion control of RTMP and FLV; the default of the kernel where it is refused',
      expects: 'the name of a congestion control such as bbr or cubic',
      flag: 'tcp-congestion',
      metavar: 'NAME',
    } satisfies Setting & Record<string, unknown>),
    logLevel: Type.Enum([...LOG_LEVELS], {
      default: 'info',
      description: 'Least severe log records that are written (to stderr)',
      expects: `one of ${LOG_LEVELS.join(', ')}`,
      flag: 'log-level',
      metavar: 'LEVEL',
    } satisfies Setting & Record<string, unknown>),
  },
  { additionalProperties: false },
);

export type Config = Static<typeof ConfigSchema>;
export type ConfigKey = keyof Config;

export const configKeys = Object.keys(ConfigSchema.properties) as ConfigKey[];
const ENVIRONMENT_PREFIX = 'RTMP_GATEWAY_';

function settingOf(key: ConfigKey): Setting & { default: unknown } {
  return ConfigSchema.properties[key] as unknown as Setting & { default: unknown };
}

/** `rtmpPort` -> `rtmp-port`. */
export function flagOf(key: ConfigKey): string {
  return settingOf(key).flag;
}

/** Flags of settings that are true or false: given alone, they mean true. */
export const booleanFlags: ReadonlySet<string> = new Set(
  configKeys.filter((key) => Type.IsBoolean(ConfigSchema.properties[key])).map(flagOf),
);

/** `rtmpPort` -> `RTMP_GATEWAY_RTMP_PORT`. */
export function environmentOf(key: ConfigKey): string {
  return ENVIRONMENT_PREFIX + settingOf(key).flag.toUpperCase().replaceAll('-', '_');
}

/** A value where it came from, for error messages. */
interface Sourced {
  source: string;
  value: unknown;
}

/** Text of flags and the environment becomes what the schema asks for; text that does not fit stays text. */
function fromText(key: ConfigKey, texts: readonly string[]): unknown {
  const schema: TSchema = ConfigSchema.properties[key];
  if (Type.IsArray(schema)) return texts.flatMap((text) => text.split(',')).map((text) => text.trim());
  const text = (texts.at(-1) ?? '').trim();
  if (Type.IsInteger(schema) && /^-?\d+$/.test(text)) return Number(text);
  if (Type.IsBoolean(schema) && /^(true|false)$/.test(text)) return text === 'true';
  return text;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function invalid(source: string, problem: string): GatewayError {
  return new GatewayError('GW_CONFIG_INVALID', `${source} ${problem}`);
}

function readFile(path: string, source: string): Map<ConfigKey, Sourced> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EACCES'
          ? 'permission denied'
          : (code ?? message);
    throw new GatewayError('GW_CONFIG_UNREADABLE', `cannot read ${show(path)} (${source}): ${why}`);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    const why = (error as Error).message;
    throw new GatewayError('GW_CONFIG_UNREADABLE', `${show(path)} (${source}) is not valid JSON: ${why}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new GatewayError('GW_CONFIG_UNREADABLE', `${show(path)} (${source}) must hold one JSON object`);
  }
  const values = new Map<ConfigKey, Sourced>();
  for (const [key, value] of Object.entries(parsed)) {
    const known = configKeys.find((candidate) => candidate === key);
    if (known === undefined) {
      throw invalid(`${path}:`, `unknown setting ${show(key)}; the settings are ${configKeys.join(', ')}`);
    }
    values.set(known, { source: `${path}: ${key}`, value });
  }
  return values;
}

/** Flags by name (without dashes), each with every value given. */
export type Flags = ReadonlyMap<string, readonly string[]>;

/**
 * Puts the settings together, the later source winning: defaults, file, environment, flags.
 *
 * @param flags as parsed from the command line; `config` names the file
 * @param environment only RTMP_GATEWAY_* is looked at; an empty value counts as not set
 * @throws GatewayError GW_CONFIG_INVALID naming source and what is allowed, or GW_CONFIG_UNREADABLE
 */
export function loadConfig(flags: Flags, environment: Readonly<Record<string, string | undefined>>): Config {
  const given = new Map<ConfigKey, Sourced>();

  const flagFile = flags.get('config')?.at(-1);
  const file = flagFile ?? environment[`${ENVIRONMENT_PREFIX}CONFIG`];
  if (file !== undefined && (file !== '' || flagFile !== undefined)) {
    const source = flagFile === undefined ? `${ENVIRONMENT_PREFIX}CONFIG` : '--config';
    for (const [key, value] of readFile(file, source)) given.set(key, value);
  }
  for (const key of configKeys) {
    const text = environment[environmentOf(key)];
    if (text) given.set(key, { source: environmentOf(key), value: fromText(key, [text]) });
  }
  for (const key of configKeys) {
    const texts = flags.get(flagOf(key));
    if (texts) given.set(key, { source: `--${flagOf(key)}`, value: fromText(key, texts) });
  }

  const config: Record<string, unknown> = {};
  for (const key of configKeys) {
    const sourced = given.get(key);
    if (sourced && !Value.Check(ConfigSchema.properties[key], sourced.value)) {
      throw invalid(sourced.source, `must be ${settingOf(key).expects}, not ${show(sourced.value)}`);
    }
    config[key] = sourced ? sourced.value : structuredClone(settingOf(key).default);
  }
  const whole = config as Config;
  checkTogether(whole, (key) => given.get(key)?.source ?? `the default of ${key}`);
  return whole;
}

/** Fills in defaults of a partial configuration given by a program, and checks it. */
export function resolveConfig(partial: Partial<Config> = {}): Config {
  const config: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(partial)) {
    const known = configKeys.find((candidate) => candidate === key);
    if (known === undefined) throw invalid('createGateway:', `unknown setting ${show(key)}`);
    if (value === undefined) continue;
    if (!Value.Check(ConfigSchema.properties[known], value)) {
      throw invalid(`createGateway: ${key}`, `must be ${settingOf(known).expects}, not ${show(value)}`);
    }
    config[key] = structuredClone(value);
  }
  for (const key of configKeys) config[key] ??= structuredClone(settingOf(key).default);
  const whole = config as Config;
  checkTogether(whole, (key) => `createGateway: ${key}`);
  return whole;
}

/** What no single setting can be blamed for. */
function checkTogether(config: Config, sourceOf: (key: ConfigKey) => string): void {
  const tcpPorts = [
    ['httpPort', 'rtmpPort'],
    ['flvPort', 'rtmpPort'],
    ['flvPort', 'httpPort'],
  ] as const;
  for (const [one, other] of tcpPorts) {
    if (config[one] !== 0 && config[one] === config[other]) {
      throw invalid(sourceOf(one), `and ${sourceOf(other)} must differ, both are ${config[one]}`);
    }
  }
  if (config.webrtcPort !== 0 && config.webrtcPort + config.shards - 1 > 65_535) {
    throw invalid(
      sourceOf('webrtcPort'),
      `leaves no room for ${config.shards} shards (one UDP port each) below 65536; ` +
        `choose at most ${65_536 - config.shards}`,
    );
  }
}

/** The flags' part of `--help`, made from the schema. */
export function describeSettings(): string {
  const rows: [string, string][] = configKeys.map((key) => {
    const setting = settingOf(key);
    const byDefault =
      setting.defaultText ?? (Array.isArray(setting.default) ? 'none' : String(setting.default));
    return [`--${setting.flag} ${setting.metavar}`, `${setting.description} [${byDefault}]`];
  });
  rows.push(['--config FILE', `JSON file with settings (${configKeys.join(', ')})`]);
  rows.push(['--help, -h', 'Show this'], ['--version, -V', 'Show the version']);
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}
