/** Asks the authorization hook about a WHEP or WHIP request, before anything is made for it. */
import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../errors.js';
import { type AccessRequest, authorize } from '../orchestration/authorize.js';
import type { Services } from './services.js';

/** Throws GW_FORBIDDEN with the hook's reason. */
export async function requireAccess(
  { authorize: hook, log }: Pick<Services, 'authorize' | 'log'>,
  request: Pick<FastifyRequest, 'headers' | 'url' | 'ip'>,
  asked: Pick<AccessRequest, 'kind' | 'room' | 'name'>,
): Promise<void> {
  const { authorization } = request.headers;
  const verdict = await authorize(
    hook,
    {
      ...asked,
      protocol: 'webrtc',
      query: request.url.split('?')[1] ?? '',
      remoteAddress: request.ip,
      ...(authorization === undefined ? {} : { authorization }),
    },
    (error) => {
      log.write(
        'error',
        'GW_HOOK_FAILED',
        `authorize: ${error instanceof Error ? error.message : String(error)}`,
      );
    },
  );
  if (!verdict.accept) throw new GatewayError('GW_FORBIDDEN', verdict.reason);
}
