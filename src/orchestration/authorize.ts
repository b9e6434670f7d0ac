/** The hook that decides who may publish and play; errors and delays fail closed. */
/** What a hook is told. Strings come from strangers; room and name match the name grammar. */
export interface AccessRequest {
  readonly kind: 'publish' | 'play';
  readonly protocol: 'rtmp' | 'webrtc' | 'flv';
  readonly room: string;
  readonly name: string;
  /** Query string of the URL as sent, without `?`; may hold a key or a token. */
  readonly query: string;
  /** The Authorization header of a WHEP or WHIP request. */
  readonly authorization?: string;
  readonly remoteAddress: string;
}

/** True accepts; false refuses; a string refuses with that text shown to the client. */
export type AuthorizeHook = (request: AccessRequest) => boolean | string | Promise<boolean | string>;

export const allowAll: AuthorizeHook = () => true;

/** Below the engine's own 3 s, so that the refusal that the client gets is ours and says why. */
export const HOOK_TIMEOUT_MS = 2_500;

/** May they, and if not, why not. */
export type Verdict = { readonly accept: true } | { readonly accept: false; readonly reason: string };

/**
 * Asks the hook. Never rejects: a hook that throws, answers nonsense or takes too long refuses.
 *
 * @param onFailure told why, when it was the hook that failed
 */
export async function authorize(
  hook: AuthorizeHook,
  request: AccessRequest,
  onFailure: (error: unknown) => void,
  timeoutMs = HOOK_TIMEOUT_MS,
): Promise<Verdict> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const answer = await Promise.race([
      Promise.resolve(hook(request)),
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
      }),
    ]);
    if (answer === true) return { accept: true };
    if (answer === false) return { accept: false, reason: 'not authorized' };
    if (typeof answer === 'string') return { accept: false, reason: answer };
    throw new TypeError(`the hook answered ${typeof answer} instead of a boolean or a string`);
  } catch (error) {
    onFailure(error);
    return { accept: false, reason: 'authorization failed' };
  } finally {
    clearTimeout(timer);
  }
}
