/** Every decision as it becomes durable, newest first: who asked what of whom, what was decided and why, how it ended. */
import { useDeferredValue, useMemo, useState, useSyncExternalStore } from "react";
import { useSession } from "../app/session.ts";
import { count, counted } from "../words/amounts.ts";
import type { Book } from "./book.ts";
import { DecisionDrawer } from "./decision-drawer.tsx";
import { everything, filterRows, isEverything, type RowFilter } from "./filter.ts";
import { FilterBar } from "./filter-bar.tsx";
import type { Connection } from "./feed.ts";
import { RateChart } from "./rate-chart.tsx";
import { RowList } from "./row-list.tsx";

export function LivePage() {
  const { feed } = useSession();
  const { book, connection, skipped } = useSyncExternalStore(feed.subscribe, feed.state);
  const [filter, setFilter] = useState<RowFilter>(everything);
  // While somebody reads, nothing moves: the book as it was when they stopped it.
  const [held, setHeld] = useState<Book>();
  const [open, setOpen] = useState<number>();
  const shown = held ?? book;
  const rows = useDeferredValue(useMemo(() => filterRows(shown.rows, filter), [shown, filter]));
  const openRow = open === undefined ? undefined : book.rows.find(({ index }) => index === open);
  const missed = held === undefined ? 0 : book.rows.filter(({ index }) => index > held.lastIndex).length;

  return (
    <section className="live" aria-label="Live decisions">
      <div className="live-bar">
        <FilterBar rows={book.rows} filter={filter} onFilter={setFilter} />
        <RateChart rates={book.rates} />
        <button
          type="button"
          className="hold"
          aria-pressed={held !== undefined}
          onClick={() => setHeld(held === undefined ? book : undefined)}
        >
          {held === undefined ? "Pause" : missed === 0 ? "Resume" : `Resume (${count(missed)} new)`}
        </button>
      </div>
      <RowList
        rows={rows}
        open={open}
        held={held !== undefined}
        onOpen={setOpen}
        onReading={(reading) => setHeld((current) => (reading ? (current ?? book) : current))}
        after={isEverything(filter) && !shown.rows.some(({ type }) => type === "decision") && <FirstCall />}
        empty={
          <Empty
            filter={filter}
            any={shown.rows.length > 0}
            connection={connection}
            onClear={() => setFilter(everything)}
          />
        }
      />
      <footer className="live-foot">
        {isEverything(filter)
          ? counted(rows.length, "entry", "entries")
          : `${count(rows.length)} of ${counted(shown.rows.length, "entry", "entries")}`}
        <span>
          {skipped > 0 && `${counted(skipped, "entry", "entries")} came too fast to be shown. `}
          The newest 2,000 are kept here; the ledger keeps all: cordon ledger search
        </span>
      </footer>
      <DecisionDrawer row={openRow} onClose={() => setOpen(undefined)} />
    </section>
  );
}

interface EmptyProps {
  readonly filter: RowFilter;
  readonly any: boolean;
  readonly connection: Connection;
  readonly onClear: () => void;
}

/** Says what to do next: nothing happened yet, or the filter hides it. */
function Empty({ any, connection, onClear }: EmptyProps) {
  if (any)
    return (
      <div className="empty">
        <h2>Nothing matches</h2>
        <p>Entries are arriving, but none that this filter lets through.</p>
        <button type="button" className="link" onClick={onClear}>
          Clear the filter
        </button>
      </div>
    );
  if (connection.state !== "live")
    return (
      <div className="empty">
        <h2>{connection.state === "stopped" ? "Stopped" : "Waiting for Cordon"}</h2>
        <p>{connection.state === "connecting" ? "Asking for the newest entries." : connectionWords(connection)}</p>
      </div>
    );
  return <FirstCall />;
}

function FirstCall() {
  return (
    <div className="empty">
      <h2>No decision yet</h2>
      <p>Send a first call through Cordon; it shows up here as soon as it is on record:</p>
      <pre>cordon run --as COMPONENT -- COMMAND</pre>
      <p>
        The first screen of <code>cordon up</code> prints calls to try; <code>cordon identity list</code> names the
        components.
      </p>
    </div>
  );
}

function connectionWords(connection: Connection): string {
  if (connection.state === "stopped") return connection.refusal.message;
  return connection.state === "reconnecting" ? `${connection.words} Trying again by itself.` : "";
}
