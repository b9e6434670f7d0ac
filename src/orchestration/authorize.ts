/** The hook that decides who may publish and play; errors and delays fail closed. */
import type { Ask, Decision } from '../native.js';

/** What a hook is told. Strings come from strangers; room and name match the name grammar. */
export type AccessRequest = Readonly<
  Pick<Ask, 'kind' | 'room' | 'name' | 'query' | 'remoteAddress' | 'connectionId'>
>;

/** True accepts; false refuses; a string refuses with that text shown to the client. */
export type AuthorizeHook = (request: AccessRequest) => boolean | string | Promise<boolean | string>;

export const allowAll: AuthorizeHook = () => true;

/** Below the engine's own 3 s, so that the refusal that the client gets is ours and says why. */
export const HOOK_TIMEOUT_MS = 2_500;

/** RTMP `onStatus` codes of refusals. */
export const STATUS_CODES = {
  publishTaken: 'NetStream.Publish.BadName',
  publishDenied: 'NetStream.Publish.Denied',
  playDenied: 'NetStream.Play.Failed',
} as const;

export function refuse(kind: Ask['kind'], description: string): Decision {
  const code = kind === 'publish' ? STATUS_CODES.publishDenied : STATUS_CODES.playDenied;
  return { accept: false, code, description };
}

/**
 * Asks the hook. Never rejects: a hook that throws, answers nonsense or takes too long refuses.
 *
 * @param onFailure told why, when it was the hook that failed
 */
export async function authorize(
  hook: AuthorizeHook,
  ask: Ask,
  onFailure: (error: unknown) => void,
  timeoutMs = HOOK_TIMEOUT_MS,
): Promise<Decision> {
  const { kind, room, name, query, remoteAddress, connectionId } = ask;
  let timer: NodeJS.Timeout | undefined;
  try {
    const answer = await Promise.race([
      Promise.resolve(hook({ kind, room, name, query, remoteAddress, connectionId })),
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
      }),
    ]);
    if (answer === true) return { accept: true };
    if (answer === false) return refuse(kind, 'not authorized');
    if (typeof answer === 'string') return refuse(kind, answer);
    throw new TypeError(`the hook answered ${typeof answer} instead of a boolean or a string`);
  } catch (error) {
    onFailure(error);
    return refuse(kind, 'authorization failed');
  } finally {
    clearTimeout(timer);
  }
}
