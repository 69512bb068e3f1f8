/** Asking for a grant: what, on what, why and for how long. In: a person's choice. Out: the request, or the grant that a rule gave. */
import { useCallback, useState, type FormEvent } from "react";
import { Button, Modal, MultiSelect, NumberInput, Switch, Textarea } from "@mantine/core";
import { grantView, type GrantView } from "@cordon/core/contract/people-api";
import { actions } from "@cordon/core/contract/vocabulary";
import { confirm, wordsOf } from "../access/people.ts";
import { useSession } from "../app/session.ts";
import { usePolled } from "../app/use-polled.ts";
import type { WantedGrant } from "./wanted-grant.ts";

interface GrantFormProps {
  readonly onClose: (made: GrantView | undefined) => void;
  /** A break-glass to begin with. */
  readonly wanted?: WantedGrant | undefined;
}

export function GrantForm({ onClose, wanted }: GrantFormProps) {
  const { client } = useSession();
  const ask = useCallback((signal: AbortSignal) => client.estate(signal), [client]);
  const { value: estate } = usePolled(ask, 30_000);
  const [asked, setAsked] = useState<string[]>(wanted?.actions ?? ["read"]);
  const [resources, setResources] = useState<string[]>(wanted?.resources ?? []);
  const [reason, setReason] = useState(wanted?.reason ?? "");
  const [minutes, setMinutes] = useState(wanted?.minutes ?? 60);
  const [breakGlass, setBreakGlass] = useState(wanted !== undefined);
  const [problem, setProblem] = useState<string>();
  const [working, setWorking] = useState(false);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setWorking(true);
    setProblem(undefined);
    try {
      const request = { actions: asked, resources, reason: reason.trim(), minutes, ...(breakGlass && { breakGlass }) };
      const assertion = breakGlass ? await confirm(client, "break-glass", JSON.stringify(request)) : undefined;
      onClose(await client.post("/v1/grants", grantView, { ...request, ...(assertion && { assertion }) }));
    } catch (error) {
      setProblem(wordsOf(error));
      setWorking(false);
    }
  };
  const components = (estate?.components ?? []).map(({ namespace, name, kind, sensitivity }) => ({
    value: `${namespace}/${name}`,
    label: `${kind} ${name} (${sensitivity})`,
  }));
  // Of another namespace, say, and so not among those that this person sees.
  for (const one of wanted?.resources ?? [])
    if (!components.some(({ value }) => value === one)) components.push({ value: one, label: one });
  return (
    <Modal opened onClose={() => onClose(undefined)} title="Ask for a grant" size="lg">
      <form className="grant-form" onSubmit={(event) => void submit(event)}>
        <MultiSelect
          label="To do"
          data={[...actions]}
          value={asked}
          onChange={setAsked}
          required
          withAsterisk={false}
        />
        <MultiSelect
          label="On"
          data={components}
          value={resources}
          onChange={setResources}
          searchable
          required
          withAsterisk={false}
        />
        <Textarea
          label="Why"
          description="Whoever approves reads it, and the ledger keeps it."
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          maxLength={1000}
          required
          withAsterisk={false}
        />
        <NumberInput
          label="For how many minutes"
          min={1}
          max={10_080}
          value={minutes}
          onChange={(value) => setMinutes(Number(value))}
          required
          withAsterisk={false}
        />
        <Switch
          label="Break the glass: take it now, without approval"
          description="For an emergency. Your passkey signs it, everybody sees it, and somebody must review it before you can do it again."
          checked={breakGlass}
          onChange={(event) => setBreakGlass(event.currentTarget.checked)}
        />
        {problem !== undefined && <p role="alert">{problem}</p>}
        <Button
          type="submit"
          loading={working}
          {...(breakGlass && { color: "red" })}
          disabled={asked.length === 0 || resources.length === 0 || reason.trim() === ""}
        >
          {breakGlass ? "Break the glass" : "Ask"}
        </Button>
      </form>
    </Modal>
  );
}
