/** One request on its way through the loop (`interactions.ts`). Types only. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller } from "./listener/caller.ts";
import type { RequestHead } from "./listener/request-head.ts";
import type { Passage } from "./observation/passage.ts";
import type { ApiShape } from "./routes/error-shapes.ts";
import type { RouteMatch } from "./routes/match.ts";

/** One request on its way through the loop. */
export interface Interaction {
  readonly id: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly head: RequestHead;
  readonly caller: Caller;
  readonly match: RouteMatch;
  readonly shape: ApiShape;
  readonly passage: Passage;
}
