/**
 * Segmentation as it holds now: boundaries and their exceptions, windows and their next change, what only observes; and what
 * was carried outside.
 */
import { useMemo } from "react";
import { Table } from "@mantine/core";
import { segmentationResponse, type SegmentationResponse } from "@cordon/core/contract/segmentation-api";
import { Rows } from "../app/rows.tsx";
import { useSession } from "../app/session.ts";
import { Time } from "../app/time.tsx";
import { usePolled } from "../app/use-polled.ts";
import { byteSize, count } from "../words/amounts.ts";
import { shortName } from "../words/names.ts";

const pollMs = 5_000;

export function SegmentationPage() {
  const { client } = useSession();
  const ask = useMemo(
    () => (signal: AbortSignal) => client.get("/v1/segmentation", segmentationResponse, signal),
    [client],
  );
  const { value, problem } = usePolled(ask, pollMs);
  return (
    <section className="segmentation-page" aria-labelledby="segmentation-title">
      <h1 id="segmentation-title">Segmentation</h1>
      {problem !== undefined && <p role="alert">{problem.message}</p>}
      {value !== undefined && <Tables segmentation={value} />}
    </section>
  );
}

function Tables({ segmentation }: { readonly segmentation: SegmentationResponse }) {
  return (
    <>
      <h2>Boundaries</h2>
      <p>No permit is stronger than a boundary that enforces; one that observes lets through and counts.</p>
      <Boundaries {...segmentation} />
      <h2>Exceptions</h2>
      <Exceptions {...segmentation} />
      <h2>Windows</h2>
      <Windows {...segmentation} />
      <h2>Only observed</h2>
      <p>
        <code>cordon policy observed state/ledger</code> says which calls these would refuse, and when enforcing is
        safe.
      </p>
      <Observing {...segmentation} />
      <h2>Outside</h2>
      <p>What was carried to destinations outside, and back, since the gateway started; the ledger has each of it.</p>
      <Egress {...segmentation} />
    </>
  );
}

function Boundaries({ boundaries }: SegmentationResponse) {
  return (
    <Rows label="Boundaries" titles={["Boundary", "Mode", "Components", "Would have denied since the start"]}>
      {boundaries.map(({ name, mode, components, wouldDeny }) => (
        <Table.Tr key={name}>
          <Table.Td>{name}</Table.Td>
          <Table.Td>
            <span className={`badge badge-${mode}`}>{mode}</span>
          </Table.Td>
          <Table.Td>{count(components)}</Table.Td>
          <Table.Td>{mode === "observe" ? count(wouldDeny) : ""}</Table.Td>
        </Table.Tr>
      ))}
    </Rows>
  );
}

function Exceptions({ exceptions }: SegmentationResponse) {
  if (exceptions.length === 0) return <p>Nothing crosses a boundary by an exception.</p>;
  const titles = ["Exception", "Boundary", "Lets", "Owner", "Reason", "Until"];
  return (
    <Rows label="Exceptions" titles={titles}>
      {exceptions.map(({ name, boundary, principal, resource, actions, owner, reason, expires }) => (
        <Table.Tr key={name}>
          <Table.Td>{name}</Table.Td>
          <Table.Td>{boundary}</Table.Td>
          <Table.Td>
            {shortName(principal)} {actions.join(", ")} {shortName(resource)}
          </Table.Td>
          <Table.Td>{owner}</Table.Td>
          <Table.Td>{reason}</Table.Td>
          <Table.Td>
            {expires <= Date.now() ? "ended " : ""}
            <Time at={expires} show="date" />
          </Table.Td>
        </Table.Tr>
      ))}
    </Rows>
  );
}

function Windows({ windows }: SegmentationResponse) {
  if (windows.length === 0) return <p>No window is defined.</p>;
  return (
    <Rows label="Windows" titles={["Window", "Now", "Next", "Opens", "Closes", "Time zone", "Except"]}>
      {windows.map(({ namespace, name, timeZone, opens, closes, except, open, changes }) => (
        <Table.Tr key={`${namespace}/${name}`}>
          <Table.Td>
            {namespace}/{name}
          </Table.Td>
          <Table.Td>{open ? "open" : "closed"}</Table.Td>
          <Table.Td>
            {changes === undefined ? (
              "no change within 400 days"
            ) : (
              <>
                {open ? "closes " : "opens "}
                <Time at={changes} show="date" zone={timeZone} />
              </>
            )}
          </Table.Td>
          <Table.Td>
            <code>{opens}</code>
          </Table.Td>
          <Table.Td>
            <code>{closes}</code>
          </Table.Td>
          <Table.Td>{timeZone}</Table.Td>
          <Table.Td>{except.join(", ")}</Table.Td>
        </Table.Tr>
      ))}
    </Rows>
  );
}

function Observing({ observing }: SegmentationResponse) {
  if (observing.length === 0) return <p>Every route and every forbid enforces.</p>;
  return (
    <Rows label="Only observed" titles={["What", "Name", "Would have denied since the start"]}>
      {observing.map(({ kind, name, wouldDeny }) => (
        <Table.Tr key={`${kind} ${name}`}>
          <Table.Td>{kind === "route" ? "route" : "forbid"}</Table.Td>
          <Table.Td>{name}</Table.Td>
          <Table.Td>{count(wouldDeny)}</Table.Td>
        </Table.Tr>
      ))}
    </Rows>
  );
}

function Egress({ egress: { totals, more } }: SegmentationResponse) {
  if (totals.length === 0) return <p>Nothing was carried outside.</p>;
  const titles = ["Principal", "Destination", "Out", "In", "Let through", "Refused", "Counts for its limit"];
  return (
    <>
      <Rows label="Outside" titles={titles}>
        {totals.map(({ principal, namespace, destination, bytesOut, bytesIn, requests, refused, used }) => (
          <Table.Tr key={`${principal} ${namespace}/${destination}`}>
            <Table.Td>{principal === "*" ? "others" : shortName(principal)}</Table.Td>
            <Table.Td>
              {namespace}/{destination}
            </Table.Td>
            <Table.Td title={`${count(bytesOut)} bytes`}>{byteSize(bytesOut)}</Table.Td>
            <Table.Td title={`${count(bytesIn)} bytes`}>{byteSize(bytesIn)}</Table.Td>
            <Table.Td>{count(requests)}</Table.Td>
            <Table.Td>{count(refused)}</Table.Td>
            <Table.Td>
              {used !== undefined && (
                <>
                  {byteSize(used.bytesOut)} out, {byteSize(used.bytesIn)} in, {count(used.requests)} since{" "}
                  <Time at={used.since} show="date" />
                </>
              )}
            </Table.Td>
          </Table.Tr>
        ))}
      </Rows>
      {more > 0 && <p>And {count(more)} more, each of which carried less.</p>}
    </>
  );
}
