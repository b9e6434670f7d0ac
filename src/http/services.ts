/** What the routes need of the rest of the gateway. */
import type { EventLog } from '../log.js';
import type { Engine } from '../native.js';
import type { AuthorizeHook } from '../orchestration/authorize.js';

export interface Services {
  engine: Pick<
    Engine,
    | 'addresses'
    | 'streams'
    | 'connections'
    | 'createViewer'
    | 'patchViewer'
    | 'closeViewer'
    | 'createPublisher'
    | 'patchPublisher'
    | 'closePublisher'
    | 'health'
    | 'panics'
    | 'transcodingLosses'
  >;
  /** Decides who may watch and publish, as for RTMP. */
  authorize: AuthorizeHook;
  log: EventLog;
  version: string;
  startedAt: Date;
}
