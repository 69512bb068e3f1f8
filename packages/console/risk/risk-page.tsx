/** Risk: open incidents, how risky whoever asked lately was seen to be and why, devices and their posture, who is signed in. */
import { useCallback, useState } from "react";
import { Button, NativeSelect, Table, TextInput } from "@mantine/core";
import type { RiskResponse } from "@cordon/core/contract/risk-api";
import { riskResponse } from "@cordon/core/contract/risk-api";
import { riskTiers } from "@cordon/core/contract/vocabulary";
import { anything, wordsOf } from "../access/people.ts";
import { Rows } from "../app/rows.tsx";
import { useSession } from "../app/session.ts";
import { usePolled } from "../app/use-polled.ts";
import { duration, localDateTime } from "../words/amounts.ts";
import "./risk.css";

type Doing = (path: string, body: unknown) => void;

export function RiskPage() {
  const { client } = useSession();
  const [turn, setTurn] = useState(0);
  const [problem, setProblem] = useState<string>();
  const ask = useCallback((signal: AbortSignal) => client.get("/v1/risk", riskResponse, signal), [client, turn]);
  const { value, problem: refused } = usePolled(ask, 5_000);
  const doing: Doing = (path, body) => {
    setProblem(undefined);
    client.post(path, anything, body).then(
      () => setTurn((last) => last + 1),
      (error: unknown) => setProblem(wordsOf(error)),
    );
  };
  const words = problem ?? refused?.message;
  return (
    <section className="people-page risk-page" aria-labelledby="risk-title">
      <h1 id="risk-title">Risk</h1>
      {words !== undefined && <p role="alert">{words}</p>}
      {value !== undefined && (
        <>
          {!value.administers && (
            <p className="people-note">
              To open and close incidents and to cut sessions takes an administrator who is signed in.
            </p>
          )}
          <Incidents risk={value} doing={doing} />
          <Scores risk={value} />
          <Devices risk={value} />
          <Sessions risk={value} doing={doing} />
        </>
      )}
    </section>
  );
}

interface SectionProps {
  readonly risk: RiskResponse;
  readonly doing: Doing;
}

function Incidents({ risk: { incidents, administers }, doing }: SectionProps) {
  const open = incidents.filter(({ status }) => status === "open");
  return (
    <>
      <h2>Open incidents</h2>
      {open.length === 0 && <p className="people-note">None is open.</p>}
      {open.length > 0 && (
        <Rows
          label="Open incidents"
          titles={["Severity", "Names", "What happened", "Since", ...(administers ? ["Close"] : [])]}
        >
          {open.map(({ id, severity, subjects, reason, rule, openedAt }) => (
            <Table.Tr key={id}>
              <Table.Td>
                <Tier tier={severity} />
              </Table.Td>
              <Table.Td>{subjects.map(shortOf).join(", ")}</Table.Td>
              <Table.Td>
                {reason} <span className="people-note">{rule === undefined ? id : `${id}, by rule ${rule}`}</span>
              </Table.Td>
              <Table.Td>{localDateTime(openedAt)}</Table.Td>
              {administers && (
                <Table.Td>
                  <Button
                    size="compact-sm"
                    variant="subtle"
                    aria-label={`Close incident ${id}`}
                    onClick={() => doing("/v1/incidents/close", { id, reason: "closed in the console" })}
                  >
                    Close
                  </Button>
                </Table.Td>
              )}
            </Table.Tr>
          ))}
        </Rows>
      )}
      {administers && <OpenIncident doing={doing} />}
    </>
  );
}

function OpenIncident({ doing }: Pick<SectionProps, "doing">) {
  const [subject, setSubject] = useState("");
  const [reason, setReason] = useState("");
  const [severity, setSeverity] = useState<string>("high");
  return (
    <form
      className="people-invite"
      aria-label="Open an incident"
      onSubmit={(event) => {
        event.preventDefault();
        doing("/v1/incidents", { severity, subjects: [subject], reason });
      }}
    >
      <TextInput
        label="Open an incident of"
        placeholder="default/assistant"
        value={subject}
        onChange={(event) => setSubject(event.currentTarget.value)}
      />
      <NativeSelect
        label="Severity"
        data={[...riskTiers]}
        value={severity}
        onChange={(event) => setSeverity(event.currentTarget.value)}
      />
      <TextInput label="What happened" value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
      <Button type="submit" disabled={subject === "" || reason === ""}>
        Open
      </Button>
    </form>
  );
}

function Scores({ risk: { scores } }: Pick<SectionProps, "risk">) {
  return (
    <>
      <h2>Who asked lately</h2>
      {scores.length === 0 && <p className="people-note">Nobody has asked for anything lately.</p>}
      {scores.length > 0 && (
        <Rows label="Risk of people and workloads" titles={["Who", "Risk", "Made of", "Last asked"]}>
          {scores.map(({ who, tier, score, contributions, action, resource, effect, at }) => (
            <Table.Tr key={who}>
              <Table.Td>{shortOf(who)}</Table.Td>
              <Table.Td>
                <Tier tier={tier} /> {score.toFixed(2)}
              </Table.Td>
              <Table.Td>
                {contributions.length === 0 ? (
                  <span className="people-note">nothing speaks against it</span>
                ) : (
                  <ul className="risk-parts">
                    {contributions.map((part) => (
                      <li key={part.signal}>
                        <code>{part.weight.toFixed(2)}</code> {part.words}
                      </li>
                    ))}
                  </ul>
                )}
              </Table.Td>
              <Table.Td>
                {action} {shortOf(resource)}: {effect === "allow" ? "allowed" : "denied"}
                <br />
                <span className="people-note">{localDateTime(at)}</span>
              </Table.Td>
            </Table.Tr>
          ))}
        </Rows>
      )}
    </>
  );
}

function Devices({ risk: { devices } }: Pick<SectionProps, "risk">) {
  return (
    <>
      <h2>Devices</h2>
      {devices.length === 0 && (
        <p className="people-note">
          No device is enrolled: <code>cordon device enrol NAME</code>
        </p>
      )}
      {devices.length > 0 && (
        <Rows label="Devices" titles={["Device", "Whose", "Posture", "Reported"]}>
          {devices.map(({ name, owner, managed, state, faults, posture, retired, compliance }) => (
            <Table.Tr key={name}>
              <Table.Td>
                {name} <span className="people-note">{managed ? "managed" : "not managed"}</span>
              </Table.Td>
              <Table.Td>{owner ?? "shared"}</Table.Td>
              <Table.Td>
                {retired !== undefined ? `retired: ${retired.reason}` : [state, ...faults].join("; ")}
                {compliance?.compliant === false && `; not compliant, says ${compliance.source}`}
              </Table.Td>
              <Table.Td>
                {posture === undefined
                  ? "never"
                  : `${duration(Date.now() - posture.reportedAt)} ago, by ${posture.source}`}
              </Table.Td>
            </Table.Tr>
          ))}
        </Rows>
      )}
    </>
  );
}

function Sessions({ risk: { sessions, administers }, doing }: SectionProps) {
  return (
    <>
      <h2>Signed in now</h2>
      {sessions.length === 0 && <p className="people-note">Nobody is signed in.</p>}
      {sessions.length > 0 && (
        <Rows label="Sessions" titles={["Who", "Where", "Passkey", "Ends", ...(administers ? ["Cut"] : [])]}>
          {sessions.map(({ id, user, kind, label, device, grant, authenticatedAt, ends }) => (
            <Table.Tr key={id}>
              <Table.Td>{shortOf(user)}</Table.Td>
              <Table.Td>
                {kind === "cli" ? "command line" : "browser"} {label}
                {device !== undefined && `, on ${device}`}
                {grant !== undefined && `, for ${grant}`}
              </Table.Td>
              <Table.Td>{localDateTime(authenticatedAt)}</Table.Td>
              <Table.Td>{localDateTime(ends)}</Table.Td>
              {administers && (
                <Table.Td>
                  <Button
                    size="compact-sm"
                    variant="subtle"
                    color="red"
                    aria-label={`Cut the session of ${shortOf(user)}, ${label}`}
                    onClick={() => doing("/v1/sessions/cut", { session: id, reason: "cut in the console" })}
                  >
                    Cut
                  </Button>
                </Table.Td>
              )}
            </Table.Tr>
          ))}
        </Rows>
      )}
    </>
  );
}

function Tier({ tier }: { readonly tier: string }) {
  return <span className={`risk-tier risk-${tier}`}>{tier}</span>;
}

function shortOf(id: string): string {
  return /^spiffe:\/\/[^/]+\/ns\/(.+)$/.exec(id)?.[1] ?? id;
}
