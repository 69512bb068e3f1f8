/** Where a person is signed in: to confirm with a passkey, or to end. */
import { useState } from "react";
import { Button, Table } from "@mantine/core";
import type { MeResponse } from "@cordon/core/contract/people-api";
import { anything, confirm, wordsOf } from "../access/people.ts";
import { Rows } from "../app/rows.tsx";
import { useSession } from "../app/session.ts";
import { localDateTime } from "../words/amounts.ts";

function kindWords(kind: string, own: boolean): string {
  if (kind === "oauth") return "program";
  return kind === "cli" ? "command line" : own ? "this browser" : "browser";
}

export function SessionRows({ sessions }: Pick<MeResponse, "sessions">) {
  const { client } = useSession();
  const [said, setSaid] = useState<{ readonly id: string; readonly words: string }>();
  const [problem, setProblem] = useState<string>();
  const doing = (id: string, words: string, work: () => Promise<unknown>) => () => {
    setProblem(undefined);
    work().then(
      () => setSaid({ id, words }),
      (error: unknown) => setProblem(wordsOf(error)),
    );
  };
  return (
    <>
      <Rows label="Where you are signed in" titles={["Where", "Passkey used", "Change"]} className="people-narrow">
        {sessions.map(({ id, kind, label, authenticatedAt, grant, own }) => (
          <Table.Tr key={id}>
            <Table.Td>
              {kindWords(kind, own)} {!own && label}
              {grant !== undefined && `, for ${grant}`}
            </Table.Td>
            <Table.Td>{said?.id === id ? said.words : `passkey ${localDateTime(authenticatedAt)}`}</Table.Td>
            <Table.Td>
              <Button
                size="compact-sm"
                onClick={doing(id, "confirmed just now", async () => {
                  const assertion = await confirm(client, "step-up", id);
                  await client.post("/v1/step-up", anything, { session: id, assertion });
                })}
              >
                It is me
              </Button>
              <Button
                size="compact-sm"
                variant="subtle"
                color="red"
                onClick={doing(id, "ended", () => client.post("/v1/sessions/end", anything, { session: id }))}
              >
                End it
              </Button>
            </Table.Td>
          </Table.Tr>
        ))}
      </Rows>
      {problem !== undefined && <p role="alert">{problem}</p>}
    </>
  );
}
