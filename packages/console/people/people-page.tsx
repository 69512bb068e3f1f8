/** One's own passkeys and recovery codes; and, for who administers, everybody. */
import { useCallback, useState } from "react";
import { Button, Modal, Table, TagsInput, TextInput } from "@mantine/core";
import {
  invitationResponse,
  invitedResponse,
  peopleResponse,
  recoveryCodesResponse,
  recoveryResponse,
  type InvitationResponse,
  type MeResponse,
} from "@cordon/core/contract/people-api";
import type { z } from "zod";
import { addPasskey, anything, confirm, wordsOf } from "../access/people.ts";
import { describeBrowser } from "../access/browser-label.ts";
import { Rows } from "../app/rows.tsx";
import { useSession } from "../app/session.ts";
import { usePolled } from "../app/use-polled.ts";
import { counted, localDateTime } from "../words/amounts.ts";
import { Programs } from "./programs.tsx";
import { SessionRows } from "./session-rows.tsx";
import { MustSignIn } from "./must-sign-in.tsx";
import { useMe } from "./use-me.ts";

export function PeoplePage() {
  const { key } = useSession();
  const me = useMe();
  if (key.person === undefined) return <MustSignIn onSignIn={() => (location.hash = "#/sign-in")} />;
  return (
    <section className="people-page" aria-labelledby="people-title">
      <h1 id="people-title">{me?.person?.displayName ?? key.person}</h1>
      {me !== undefined && <Own me={me} />}
      <h2>Everybody</h2>
      {me?.administers === true ? (
        <>
          <Everybody />
          <Programs />
        </>
      ) : (
        <p className="people-note">
          Seeing and changing who is enrolled is administering Cordon, and that is itself a grant: ask for{" "}
          <code>administer</code> on the gateway under <a href="#/grants">Grants</a>.
        </p>
      )}
    </section>
  );
}

function Own({ me }: { readonly me: MeResponse }) {
  const { client } = useSession();
  const [problem, setProblem] = useState<string>();
  const [codes, setCodes] = useState<readonly string[]>();
  const doing = (work: () => Promise<void>) => () => {
    setProblem(undefined);
    work().catch((error: unknown) => setProblem(wordsOf(error)));
  };
  return (
    <>
      <p className="people-note">
        {me.person?.namespace}/{me.person?.name}, groups: {me.person?.groups.join(", ") || "none"}
        {me.session !== undefined && `, signed in until ${localDateTime(me.session.ends)}`}
      </p>
      <Rows label="Your passkeys" titles={["Passkey", "Made", "Copies", "Change"]} className="people-narrow">
        {me.passkeys.map((passkey) => (
          <Table.Tr key={passkey.name}>
            <Table.Td>{passkey.label}</Table.Td>
            <Table.Td>{localDateTime(passkey.createdAt)}</Table.Td>
            <Table.Td>
              {passkey.locked === undefined
                ? passkey.synced
                  ? "may be copied to your other devices"
                  : "stays on one device"
                : `locked: ${passkey.locked}`}
            </Table.Td>
            <Table.Td>
              <Button
                size="compact-sm"
                variant="subtle"
                color="red"
                onClick={doing(
                  async () => void (await client.post("/v1/passkeys/remove", anything, { name: passkey.name })),
                )}
              >
                Remove
              </Button>
            </Table.Td>
          </Table.Tr>
        ))}
      </Rows>
      <div className="grant-buttons">
        <Button variant="light" onClick={doing(() => addPasskey(client, describeBrowser(navigator.userAgent)))}>
          Add a passkey
        </Button>
        <Button
          variant="light"
          onClick={doing(async () => {
            const assertion = await confirm(client, "add-passkey", "");
            setCodes((await client.post("/v1/recovery/codes", recoveryCodesResponse, { assertion })).codes);
          })}
        >
          Make recovery codes ({me.recoveryCodes} left)
        </Button>
      </div>
      {problem !== undefined && <p role="alert">{problem}</p>}
      <h2>Where you are signed in</h2>
      <SessionRows sessions={me.sessions} />
      {codes !== undefined && (
        <Modal opened onClose={() => setCodes(undefined)} title="Seal these away">
          <p>
            They are shown once. Each lets you enrol a new passkey once, when all others are lost; earlier codes are
            void.
          </p>
          <pre className="recovery-codes">{codes.join("\n")}</pre>
        </Modal>
      )}
    </>
  );
}

function Everybody() {
  const { client } = useSession();
  const [turn, setTurn] = useState(0);
  const ask = useCallback((signal: AbortSignal) => client.get("/v1/people", peopleResponse, signal), [client, turn]);
  const { value, problem: refused } = usePolled(ask, 60_000);
  const [invited, setInvited] = useState<InvitationResponse>();
  const [problem, setProblem] = useState<string>();
  const doing = (work: () => Promise<void>) => () => {
    setProblem(undefined);
    work()
      .then(() => setTurn((last) => last + 1))
      .catch((error: unknown) => setProblem(wordsOf(error)));
  };
  return (
    <>
      <Rows label="People" titles={["Who", "Groups", "Signs in by", "State", "Change"]}>
        {(value?.people ?? []).map((one) => (
          <Table.Tr key={one.id}>
            <Table.Td>
              {one.displayName}{" "}
              <span className="people-note">
                {one.namespace}/{one.name}
              </span>
            </Table.Td>
            <Table.Td>{one.groups.join(", ")}</Table.Td>
            <Table.Td>
              {counted(one.passkeys, "passkey", "passkeys")} ({one.synced} synced),{" "}
              {counted(one.sessions, "session", "sessions")}
            </Table.Td>
            <Table.Td>
              {one.locked === undefined
                ? one.recovering.length > 0
                  ? `recovery: ${one.recovering.length} of 2`
                  : ""
                : `locked: ${one.locked}`}
            </Table.Td>
            <Table.Td>
              <Button
                size="compact-sm"
                variant="subtle"
                {...(one.locked === undefined && { color: "red" })}
                onClick={doing(async () => {
                  const name = `${one.namespace}/${one.name}`;
                  await client.post(one.locked === undefined ? "/v1/people/lock" : "/v1/people/unlock", anything, {
                    name,
                    reason: "from the console",
                  });
                })}
              >
                {one.locked === undefined ? "Lock" : "Unlock"}
              </Button>
              <Button
                size="compact-sm"
                variant="subtle"
                onClick={doing(async () => {
                  const name = `${one.namespace}/${one.name}`;
                  const assertion = await confirm(client, "recover", name);
                  const answer = await client.post("/v1/people/recover", recoveryResponse, {
                    name,
                    reason: "has lost every passkey",
                    assertion,
                  });
                  setInvited(answer.invitation);
                })}
              >
                Let back in
              </Button>
            </Table.Td>
          </Table.Tr>
        ))}
      </Rows>
      {(problem ?? refused?.message) !== undefined && <p role="alert">{problem ?? refused?.message}</p>}
      {(value?.nominations ?? []).length > 0 && (
        <Rows label="Who would be an administrator" titles={["Who", "Groups", "Says who", "Approve"]}>
          {(value?.nominations ?? []).map(({ user, groups, by, at }) => (
            <Table.Tr key={user}>
              <Table.Td>{user}</Table.Td>
              <Table.Td>{groups.join(", ")}</Table.Td>
              <Table.Td>
                {lastOf(by)} would have them as an administrator, since {localDateTime(at)}
              </Table.Td>
              <Table.Td>
                <Button
                  size="compact-sm"
                  variant="subtle"
                  onClick={doing(async () => {
                    const assertion = await confirm(client, "add-administrator", user);
                    const answer = { name: user, assertion };
                    setInvited(await client.post("/v1/people/administrators/approve", invitationResponse, answer));
                  })}
                >
                  Say so too
                </Button>
              </Table.Td>
            </Table.Tr>
          ))}
        </Rows>
      )}
      <Invite onInvited={setInvited} onWaits={() => setTurn((last) => last + 1)} />
      {invited !== undefined && (
        <Modal opened onClose={() => setInvited(undefined)} title={`For ${invited.name}`}>
          <p>
            Give them this code in person or by telephone. It is good once, until {localDateTime(invited.expiresAt)}.
          </p>
          <output className="cli-code">{invited.code}</output>
          <p className="people-note">They use it at {invited.url}/#/enrol</p>
        </Modal>
      )}
    </>
  );
}

interface InviteProps {
  readonly onInvited: (invited: InvitationResponse) => void;
  readonly onWaits: () => void;
}

function Invite({ onInvited, onWaits }: InviteProps) {
  const { client } = useSession();
  const [name, setName] = useState("");
  const [groups, setGroups] = useState<string[]>([]);
  const [problem, setProblem] = useState<string>();
  const take = (answer: z.infer<typeof invitedResponse>): void => {
    if (!("waits" in answer)) return onInvited(answer);
    setProblem(
      `${answer.name} would be an administrator: another administrator has to say so too, here, within a day.`,
    );
    onWaits();
  };
  return (
    <form
      className="people-invite"
      onSubmit={(event) => {
        event.preventDefault();
        setProblem(undefined);
        client
          .post("/v1/people/invite", invitedResponse, { name, displayName: name, groups })
          .then(take, (error: unknown) => setProblem(wordsOf(error)));
      }}
    >
      <TextInput
        label="Invite"
        placeholder="mei"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <TagsInput label="Groups" placeholder="data-science" value={groups} onChange={setGroups} />
      <Button type="submit" disabled={name === ""}>
        Invite
      </Button>
      {problem !== undefined && <p role="alert">{problem}</p>}
    </form>
  );
}

function lastOf(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}
