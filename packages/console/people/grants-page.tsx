/** Grants: what is asked for, what holds and until when, and a passkey's word for or against a request. */
import { useCallback, useState } from "react";
import { Button, Table } from "@mantine/core";
import { grantsResponse, type GrantView } from "@cordon/core/contract/people-api";
import { Rows } from "../app/rows.tsx";
import { useSession } from "../app/session.ts";
import { go } from "../app/route.ts";
import { usePolled } from "../app/use-polled.ts";
import { localDateTime } from "../words/amounts.ts";
import { GrantDrawer } from "./grant-drawer.tsx";
import { wantedGrant } from "./wanted-grant.ts";
import { GrantForm } from "./grant-form.tsx";
import { MustSignIn } from "./must-sign-in.tsx";
import { shortId, stateWords } from "./grant-words.ts";

interface GrantsPageProps {
  readonly selected: string | undefined;
  readonly ask: string | undefined;
}

export function GrantsPage(props: GrantsPageProps) {
  const { key } = useSession();
  if (key.person === undefined) return <MustSignIn onSignIn={() => (location.hash = "#/sign-in")} />;
  return <Grants {...props} />;
}

function Grants({ selected, ask: wanted }: GrantsPageProps) {
  const { client } = useSession();
  const [asking, setAsking] = useState(false);
  const [turn, setTurn] = useState(0);
  const ask = useCallback((signal: AbortSignal) => client.get("/v1/grants", grantsResponse, signal), [client, turn]);
  const { value, problem } = usePolled(ask, 2_000);
  const grants = value?.grants ?? [];
  const open = grants.find(({ id }) => id === selected);
  const reload = (): void => setTurn((last) => last + 1);
  return (
    <section className="people-page" aria-labelledby="grants-title">
      <div className="people-bar">
        <h1 id="grants-title">Grants</h1>
        <Button onClick={() => setAsking(true)}>Ask for a grant</Button>
      </div>
      {problem !== undefined && <p role="alert">{problem.message}</p>}
      {value !== undefined && grants.length === 0 ? (
        <div className="people-empty">
          <h2>No grant yet</h2>
          <p>A grant is a permission for a while: for somebody, to do something, with a reason and an end.</p>
        </div>
      ) : (
        <GrantRows grants={grants} />
      )}
      {(asking || wanted !== undefined) && (
        <GrantForm
          {...(wanted !== undefined && { wanted: wantedGrant(wanted) })}
          onClose={(made) => {
            setAsking(false);
            if (made === undefined) go({ page: "grants" });
            reload();
            if (made !== undefined) go({ page: "grants", id: made.id });
          }}
        />
      )}
      {open !== undefined && <GrantDrawer grant={open} onClose={() => go({ page: "grants" })} onChanged={reload} />}
    </section>
  );
}

function GrantRows({ grants }: { readonly grants: readonly GrantView[] }) {
  return (
    <Rows label="Grants" titles={["State", "For", "May", "On", "Why", "Asked"]}>
      {grants.map((grant) => (
        <Table.Tr key={grant.id} className="grant-row" onClick={() => go({ page: "grants", id: grant.id })}>
          <Table.Td>
            <span className={`grant-state grant-${grant.state}`}>{stateWords(grant, Date.now())}</span>
            {grant.breakGlass === true && (
              <span className="grant-state grant-glass">
                break-glass{grant.review === undefined && ", not reviewed"}
              </span>
            )}
          </Table.Td>
          <Table.Td>{shortId(grant.principal)}</Table.Td>
          <Table.Td>{grant.actions.join(", ")}</Table.Td>
          <Table.Td>{grant.resources.map(shortId).join(", ")}</Table.Td>
          <Table.Td>
            <a href={`#/grants?id=${grant.id}`}>{grant.reason}</a>
          </Table.Td>
          <Table.Td>{localDateTime(grant.requestedAt)}</Table.Td>
        </Table.Tr>
      ))}
    </Rows>
  );
}
