/** Public API of the package: a gateway inside your own program. */
export type { Config } from './config.js';
export { type ErrorCode, errorTable, GatewayError } from './errors.js';
export { createGateway, type Gateway, type GatewayAddresses, type GatewayOptions } from './gateway.js';
export type { SocketAddress } from './native.js';
export type { AccessRequest, AuthorizeHook } from './orchestration/authorize.js';
