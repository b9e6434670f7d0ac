/** Schemas that every route shares: names, problem details, pages of lists. */
import Type, { type Static, type TObject, type TSchema } from 'typebox';
import { errorCodes, PROBLEM_CONTENT_TYPE } from '../../errors.js';
import { NAME_PATTERN } from '../../names.js';

export const RoomName = Type.String({ pattern: NAME_PATTERN, description: 'Room (the RTMP app)' });
export const StreamName = Type.String({ pattern: NAME_PATTERN, description: 'Stream name in the room' });

export const RoomParams = Type.Object({ room: RoomName });
export const StreamParams = Type.Object({ room: RoomName, name: StreamName });

export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: 'URN of the kind of problem' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'What was wrong this time' }),
    code: Type.Enum([...errorCodes], { description: 'Stable code of the problem' }),
    advice: Type.String({ description: 'What to do about it' }),
  },
  { description: 'Problem details (RFC 9457)' },
);

/** The response entry of routes for one or more error statuses. */
export function problems<const Status extends number>(...statuses: Status[]) {
  const response = {
    description: 'Problem details (RFC 9457)',
    content: { [PROBLEM_CONTENT_TYPE]: { schema: ProblemSchema } },
  };
  return Object.fromEntries(statuses.map((status) => [status, response])) as Record<Status, typeof response>;
}

/** Largest page of a list. */
export const MAX_PAGE_SIZE = 1_000;

/** Also keeps Infinity out, which coercion makes of 1e999. */
const MAX_PAGE = 1_000_000;

export const PageQuery = Type.Object({
  page: Type.Integer({ minimum: 1, maximum: MAX_PAGE, default: 1, description: 'Page, from 1' }),
  pageSize: Type.Integer({ minimum: 1, maximum: MAX_PAGE_SIZE, default: 100, description: 'Items per page' }),
});

export function PageOf<Item extends TSchema>(
  item: Item,
): TObject<{
  items: ReturnType<typeof Type.Array<Item>>;
  itemCount: ReturnType<typeof Type.Integer>;
  pageCount: ReturnType<typeof Type.Integer>;
}> {
  return Type.Object({
    items: Type.Array(item),
    itemCount: Type.Integer({ minimum: 0, description: 'Items on all pages' }),
    pageCount: Type.Integer({ minimum: 0 }),
  });
}

/** Cuts one page out of all items; a page beyond the last is empty. */
export function pageOf<Item>(items: readonly Item[], { page, pageSize }: Static<typeof PageQuery>) {
  const start = (page - 1) * pageSize;
  return {
    items: items.slice(start, start + pageSize),
    itemCount: items.length,
    pageCount: Math.ceil(items.length / pageSize),
  };
}
