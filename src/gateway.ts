/** Composes engine, orchestration and HTTP into one gateway that starts and stops as a whole. */
import { lookup } from 'node:dns/promises';
import type { AddressInfo } from 'node:net';
import { isIP } from 'node:net';
import { type Config, resolveConfig } from './config.js';
import { GatewayError, toGatewayError } from './errors.js';
import { buildServer } from './http/server.js';
import { createLogger, EventLog, type Logger } from './log.js';
import { createEngine, type Engine, type SocketAddress } from './native.js';
import { type AuthorizeHook, allowAll } from './orchestration/authorize.js';
import { Orchestrator } from './orchestration/orchestrator.js';
import { packageVersion } from './version.js';

/** What a program that embeds the gateway may bring along. */
export interface GatewayOptions {
  /** Decides who may publish and play; everyone may when absent. Errors and answers after 2.5 s refuse. */
  authorize?: AuthorizeHook;
  /** Where logs go; stderr when absent. */
  logger?: Logger;
}

/** Where a gateway serves, ports resolved. */
export interface GatewayAddresses {
  rtmp: SocketAddress;
  http: SocketAddress;
  /** FLV over HTTP. */
  flv?: SocketAddress | undefined;
  /** UDP, one per shard. */
  webrtc: SocketAddress[];
}

/** A gateway that starts once and stops once. */
export interface Gateway {
  readonly config: Readonly<Config>;
  /** Binds every port and serves; on failure nothing is left behind. Throws GatewayError. */
  start(): Promise<GatewayAddresses>;
  /** Ends all sessions and closes every port; does nothing when not started. */
  stop(): Promise<void>;
}

interface Parts {
  engine: Engine;
  orchestrator: Orchestrator;
  server: Awaited<ReturnType<typeof buildServer>>;
}

/**
 * Makes a gateway; nothing is bound before `start`.
 *
 * @param partial settings by the names of the configuration file; defaults for the rest
 * @throws GatewayError GW_CONFIG_INVALID
 */
export function createGateway(partial: Partial<Config> = {}, options: GatewayOptions = {}): Gateway {
  const config = resolveConfig(partial);
  const log = new EventLog(options.logger ?? createLogger(config.logLevel).logger);
  let parts: Promise<Parts> | undefined;

  async function stopParts({ engine, orchestrator, server }: Parts): Promise<void> {
    await server.close();
    orchestrator.stop();
    await engine.stop();
  }

  return {
    config,
    async start() {
      if (parts) throw new GatewayError('GW_INTERNAL', 'a gateway can be started once only');
      parts = startParts(config, options.authorize ?? allowAll, log);
      const { engine, server } = await parts;
      const { rtmp, flv, webrtc } = engine.addresses();
      const { address, port } = server.server.address() as AddressInfo;
      return { rtmp, flv, webrtc, http: { host: address, port } };
    },
    async stop() {
      const started = await parts?.catch(() => undefined);
      parts = Promise.reject(new GatewayError('GW_STOPPED', 'the gateway has been stopped'));
      parts.catch(() => undefined);
      if (started) await stopParts(started);
    },
  };
}

async function startParts(config: Config, authorize: AuthorizeHook, log: EventLog): Promise<Parts> {
  const host = await resolveHost(config.host);
  const { rtmpPort, flvPort, webrtcPort, shards, publicIps, rtmpAudioHold, rtmpNagle, tcpCongestion } =
    config;
  const engine = await createEngine({
    host,
    rtmpPort,
    flvPort,
    webrtcPort,
    shards,
    publicIps,
    audioHoldMs: rtmpAudioHold,
    nagle: rtmpNagle,
    tcpCongestion,
  });
  try {
    const orchestrator = new Orchestrator(engine, log, authorize);
    orchestrator.start();
    const server = await buildServer({
      engine,
      authorize,
      log,
      version: packageVersion,
      startedAt: new Date(),
    });
    try {
      await server.listen({ host, port: config.httpPort });
    } catch (error) {
      await server.close();
      throw listenError(error, host, config.httpPort);
    }
    return { engine, orchestrator, server };
  } catch (error) {
    await engine.stop();
    throw toGatewayError(error);
  }
}

async function resolveHost(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw new GatewayError('GW_LISTEN_FAILED', `cannot resolve the host name ${host}`, { cause: error });
  }
}

function listenError(error: unknown, host: string, port: number): GatewayError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    const text = `HTTP port ${formatAddress({ host, port })} is in use; choose another with --http-port, or 0 for a free one`;
    return new GatewayError('GW_PORT_IN_USE', text);
  }
  return new GatewayError(
    'GW_LISTEN_FAILED',
    `cannot listen for HTTP on ${formatAddress({ host, port })}: ${code ?? message}`,
  );
}

/** `127.0.0.1:1935`, `[::1]:1935`. */
export function formatAddress({ host, port }: SocketAddress): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}
