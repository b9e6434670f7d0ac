/** The HTTP side: console, admin API, WHEP and WHIP, from one set of schemas. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { fastify } from 'fastify';
import { answerClientError, answerFrameworkError, installErrors } from './plugins/errors.js';
import { watchMethods } from './plugins/methods.js';
import { installSecurityHeaders } from './plugins/security.js';
import { apiRoutes } from './routes/api.js';
import { consoleRoutes } from './routes/console.js';
import { installOpenApi, openApiRoutes } from './routes/docs.js';
import { flvRoutes } from './routes/flv.js';
import { healthRoutes } from './routes/health.js';
import { whepRoutes } from './routes/whep.js';
import { whipRoutes } from './routes/whip.js';
import type { Services } from './services.js';

/** A request (header and body) must have arrived by then: absolute, so that slow senders cannot hold sockets. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Sockets at most; beyond it new ones are closed at once. */
const MAX_HTTP_SOCKETS = 10_000;
/** Longer than any name that the grammar allows, so that a long name gets its own error and not a 404. */
const MAX_PARAM_LENGTH = 2_048;

export async function buildServer(services: Services) {
  const app = fastify({
    logger: false,
    bodyLimit: 64 * 1024,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: 1_000 },
    forceCloseConnections: true,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    clientErrorHandler: answerClientError,
    frameworkErrors: answerFrameworkError,
    // strictNumbers would skip minimum and maximum for what it coerces to Infinity, and let it pass.
    ajv: { customOptions: { removeAdditional: false, strictNumbers: false } },
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.server.maxConnections = MAX_HTTP_SOCKETS;

  installErrors(app, services.log);
  installSecurityHeaders(app);
  await installOpenApi(app, services.version);
  const refuseOtherMethods = watchMethods(app);
  await app.register(openApiRoutes);
  await app.register(healthRoutes, services);
  await app.register(apiRoutes, { ...services, prefix: '/api/v1' });
  await app.register(whepRoutes, { ...services, prefix: '/whep' });
  await app.register(whipRoutes, { ...services, prefix: '/whip' });
  await app.register(flvRoutes, { ...services, prefix: '/flv' });
  await app.register(consoleRoutes);
  refuseOtherMethods();
  return app;
}
