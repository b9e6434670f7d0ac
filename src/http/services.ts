/** What the routes need of the rest of the gateway. */
import type { EventLog } from '../log.js';
import type { Engine } from '../native.js';

export interface Services {
  engine: Pick<
    Engine,
    'addresses' | 'streams' | 'connections' | 'createViewer' | 'patchViewer' | 'closeViewer' | 'health'
  >;
  log: EventLog;
  version: string;
  startedAt: Date;
}
