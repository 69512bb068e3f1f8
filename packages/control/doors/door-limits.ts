/**
 * How much of the door one caller may take. In: connections and questions, as they come and go. Out: whether there is room, and
 * which connections are to be closed because nothing is asked on them, or one question takes too long. Values and a clock that is
 * never set; sockets are the listener's.
 */
export interface DoorLimits {
  /** Connections at once, of all callers. */
  readonly connections: number;
  /** Of one enforcement point; and of one identity that is none, which is only told so. */
  readonly connectionsEach: number;
  readonly connectionsOfStranger: number;
  /** Questions being answered at once, of all callers and of one. */
  readonly underWay: number;
  readonly underWayEach: number;
  /** A connection on which nothing is asked for so long is closed. */
  readonly idleMs: number;
  /** So is one whose question has not come whole, or is not answered, by then. */
  readonly questionMs: number;
}

export const doorLimits = {
  connections: 1_024,
  connectionsOfStranger: 4,
  underWay: 256,
  underWayEach: 128,
  questionMs: 30_000,
} as const satisfies Partial<DoorLimits>;

export interface Admissions<S> {
  /** False: there is no room for another of this identity. */
  enter(socket: S, id: string, isPoint: boolean): boolean;
  leave(socket: S): void;
  /** A question begins; the function returned ends it. Nothing: too much is asked at once. */
  begin(socket: S): (() => void) | undefined;
  /** Those to close now. */
  overdue(): readonly S[];
  readonly size: number;
}

interface Entered {
  readonly id: string;
  /** When each question that is under way began. */
  readonly questions: Set<{ readonly since: number }>;
  quietSince: number;
}

export function admissions<S extends object>(limits: DoorLimits, monotonicMs: () => number): Admissions<S> {
  const entered = new Map<S, Entered>();
  const connections = new Map<string, number>();
  const asking = new Map<string, number>();
  let underWay = 0;
  const count = (of: Map<string, number>, id: string, by: number): void => {
    const next = (of.get(id) ?? 0) + by;
    if (next > 0) of.set(id, next);
    else of.delete(id);
  };
  return {
    get size() {
      return entered.size;
    },
    enter(socket, id, isPoint) {
      const most = isPoint ? limits.connectionsEach : limits.connectionsOfStranger;
      if (entered.size >= limits.connections || (connections.get(id) ?? 0) >= most) return false;
      count(connections, id, 1);
      entered.set(socket, { id, questions: new Set(), quietSince: monotonicMs() });
      return true;
    },
    leave(socket) {
      const one = entered.get(socket);
      if (one === undefined) return;
      entered.delete(socket);
      count(connections, one.id, -1);
      count(asking, one.id, -one.questions.size);
      underWay -= one.questions.size;
      one.questions.clear();
    },
    begin(socket) {
      const one = entered.get(socket);
      if (one === undefined) return undefined;
      if (underWay >= limits.underWay || (asking.get(one.id) ?? 0) >= limits.underWayEach) return undefined;
      const question = { since: monotonicMs() };
      one.questions.add(question);
      underWay += 1;
      count(asking, one.id, 1);
      return () => {
        if (!one.questions.delete(question)) return; // ended already, or gone with its connection
        underWay -= 1;
        count(asking, one.id, -1);
        one.quietSince = monotonicMs();
      };
    },
    overdue() {
      const now = monotonicMs();
      const late: S[] = [];
      for (const [socket, { questions, quietSince }] of entered) {
        let oldest = Infinity;
        for (const { since } of questions) oldest = Math.min(oldest, since);
        const due = questions.size === 0 ? quietSince + limits.idleMs : oldest + limits.questionMs;
        if (now >= due) late.push(socket);
      }
      return late;
    },
  };
}
