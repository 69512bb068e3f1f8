/** Programs that may act for people: who lets which one act now, and a way to stop one at once. For who administers. */
import { useCallback, useState } from "react";
import { Button, Table } from "@mantine/core";
import { oauthClientsResponse } from "@cordon/core/contract/oauth-api";
import { anything, wordsOf } from "../access/people.ts";
import { Rows } from "../app/rows.tsx";
import { useSession } from "../app/session.ts";
import { usePolled } from "../app/use-polled.ts";
import { counted, localDateTime } from "../words/amounts.ts";

export function Programs() {
  const { client } = useSession();
  const [turn, setTurn] = useState(0);
  const ask = useCallback(
    (signal: AbortSignal) => client.get("/v1/oauth/clients", oauthClientsResponse, signal),
    [client, turn],
  );
  const { value } = usePolled(ask, 60_000);
  const [problem, setProblem] = useState<string>();
  const order = (verb: "disable" | "enable", id: string, reason: string) => () => {
    setProblem(undefined);
    client.post(`/v1/oauth/clients/${verb}`, anything, { id, reason }).then(
      () => setTurn((last) => last + 1),
      (error: unknown) => setProblem(wordsOf(error)),
    );
  };
  if (value === undefined || value.issuer === undefined) return null;
  return (
    <>
      <h2>Programs that act for people</h2>
      <p className="people-note">
        They find the authorization server at <code>{value.issuer}</code>.
      </p>
      <Rows label="Programs" titles={["Program", "Acts for", "Change"]}>
        {value.clients.map(({ id, displayName, bearer, disabled, sessions }) => (
          <Table.Tr key={id}>
            <Table.Td>
              {displayName} <code>{id}</code>
              {bearer && " bearer tokens"}
            </Table.Td>
            <Table.Td>
              {disabled !== undefined
                ? `disabled: ${disabled}`
                : sessions.length === 0
                  ? "acts for nobody now"
                  : counted(sessions.length, "session", "sessions")}
              <ul className="consent-scopes">
                {sessions.map((one) => (
                  <li key={one.id}>
                    {one.user.slice(one.user.lastIndexOf("/") + 1)}: {one.scopes.join(", ")} at {one.resource}, until{" "}
                    {localDateTime(one.ends)}
                  </li>
                ))}
              </ul>
            </Table.Td>
            <Table.Td>
              {disabled === undefined ? (
                <Button
                  size="compact-sm"
                  variant="subtle"
                  color="red"
                  onClick={order("disable", id, "disabled in the console")}
                >
                  Disable
                </Button>
              ) : (
                <Button size="compact-sm" variant="subtle" onClick={order("enable", id, "enabled in the console")}>
                  Let it act again
                </Button>
              )}
            </Table.Td>
          </Table.Tr>
        ))}
      </Rows>
      {problem !== undefined && <p role="alert">{problem}</p>}
    </>
  );
}
