/** The sole door to the native engine: its types, and the import of the generated `../index.js`. */
import type { EngineOptions, Engine as NativeEngine } from '../index.js';
import { GatewayError, toGatewayError } from './errors.js';

export type {
  Ask,
  AudioSnapshot,
  ConnectionSnapshot,
  ConnectionUpdate,
  Decision,
  EngineOptions,
  LogRecord,
  PatchAnswer,
  PublisherRequest,
  SessionAnswer,
  ShardHealth,
  SocketAddress,
  StreamSnapshot,
  Updates,
  VideoSnapshot,
  ViewerRequest,
} from '../index.js';

/** The engine as an interface, so that tests of what lies around it can stand in for it. */
export type Engine = Pick<NativeEngine, keyof NativeEngine>;

/**
 * Loads the addon and binds the engine's sockets.
 *
 * @throws GatewayError GW_ADDON_MISSING, or what the engine refuses (GW_PORT_IN_USE, ...)
 */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  let native: typeof import('../index.js');
  try {
    native = await import('../index.js');
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new GatewayError('GW_ADDON_MISSING', `cannot load the native addon: ${why}`, { cause: error });
  }
  try {
    return new native.Engine(options);
  } catch (error) {
    throw toGatewayError(error);
  }
}
