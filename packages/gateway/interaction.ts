/** One request on its way through the loop (`interactions.ts`). Types only. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RouteKey } from "@cordon/core/policy/decision";
import type { InnerConnection } from "./egress/inner-requests.ts";
import type { Caller } from "./listener/caller.ts";
import type { RequestHead } from "./listener/request-head.ts";
import type { Passage } from "./observation/passage.ts";
import type { ApiShape } from "./routes/error-shapes.ts";
import type { Plan } from "./routes/intent.ts";
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
  readonly via: RouteKey;
  /** Set for a request inside an intercepted connection, which no route is asked about. */
  readonly inner?:
    | {
        readonly plan: Plan & { readonly kind: "forward" };
        readonly said: string;
        readonly decided: (effect: "allow" | "deny") => () => void;
        readonly refusedSince: InnerConnection["refusedSince"];
      }
    | undefined;
}
