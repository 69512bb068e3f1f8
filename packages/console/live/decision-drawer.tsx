/** Everything about one entry: the verdict and its policy, the request, the evidence, how it ended, and the receipt. */
import { Drawer } from "@mantine/core";
import { Time } from "../app/time.tsx";
import { count } from "../words/amounts.ts";
import { PolicyText } from "../policy/policy-text.tsx";
import { Fact, Facts, Raw, Section, ValueFacts } from "./facts.tsx";
import { OutcomeSection } from "./outcome-section.tsx";
import { ReceiptButton } from "./receipt-button.tsx";
import { effectWords } from "./row-words.ts";
import type { DecisionRow, EventRow, Row } from "./row.ts";
import type { Reason } from "./entry.ts";
import { Words } from "../words/words.tsx";
import { PartyLink } from "./party-link.tsx";

interface DecisionDrawerProps {
  readonly row: Row | undefined;
  readonly onClose: () => void;
}

export function DecisionDrawer({ row, onClose }: DecisionDrawerProps) {
  return (
    <Drawer
      opened={row !== undefined}
      onClose={onClose}
      withOverlay={false}
      lockScroll={false}
      trapFocus={false}
      classNames={{ inner: "drawer-inner", content: "drawer-content", header: "drawer-head" }}
      shadow="xl"
      title={row === undefined ? "" : <DrawerTitle row={row} />}
    >
      {row?.type === "decision" && <Decision row={row} />}
      {row?.type === "event" && <Event row={row} />}
    </Drawer>
  );
}

function DrawerTitle({ row }: { readonly row: Row }) {
  const tone = row.type === "decision" ? row.effect : row.kind;
  return (
    <span className="drawer-title">
      <span className={`effect effect-${tone}`}>{row.type === "decision" ? effectWords[row.effect] : row.kind}</span>
      Entry {count(row.index)}
      <span className="dim">
        <Time at={row.at} show="date" />
      </span>
    </span>
  );
}

function Decision({ row }: { readonly row: DecisionRow }) {
  const { facts } = row;
  const { context, signals, risk, credential, obligations } = facts;
  return (
    <div className="drawer">
      <Section
        title={
          row.effect === "deny"
            ? "Why it was denied"
            : row.effect === "observed"
              ? "Why it would be denied"
              : "Why it was allowed"
        }
      >
        {(facts.observed?.reasons ?? facts.reasons).map((reason) => (
          <ReasonBlock
            key={`${reason.code} ${reason.policy} ${reason.words}`}
            reason={reason}
            revision={facts.revision}
          />
        ))}
        {facts.observed !== undefined && (
          <p className="dim">The call went through because its route only observes. In enforce mode it is refused.</p>
        )}
      </Section>
      <Section title="What was asked">
        <Facts>
          <Fact name="Principal">
            <PartyLink id={row.principal} />
          </Fact>
          {row.forUser !== undefined && (
            <Fact name="For">
              <PartyLink id={row.forUser} />
            </Fact>
          )}
          <Fact name="Action">{row.action}</Fact>
          <Fact name="Resource">
            <PartyLink id={row.resource} />
          </Fact>
          <ValueFacts values={context} />
        </Facts>
      </Section>
      <OutcomeSection row={row} />
      <Section title="What was known">
        <Facts>
          <Fact name="Proved by">{credential.assurance}</Fact>
          <Fact name="Fingerprint" mono>
            {credential.fingerprint}
          </Fact>
          <Fact name="Risk">
            {risk.tier} ({risk.score.toFixed(2)})
          </Fact>
          {risk.contributions.map(({ signal, weight, words }) => (
            <Fact key={signal} name={signal}>
              {words} ({weight.toFixed(2)})
            </Fact>
          ))}
          <ValueFacts values={signals} />
          {obligations.map((obligation) => (
            <Fact key={JSON.stringify(obligation)} name={`Must: ${obligation.kind}`} mono>
              {JSON.stringify({ ...obligation, kind: undefined })}
            </Fact>
          ))}
          {facts.body !== undefined && (
            <Fact name="Request body" mono>
              {facts.body.bytes} bytes, HMAC {facts.body.hmac} by key {facts.body.key}
            </Fact>
          )}
          {facts.validUntil !== undefined && (
            <Fact name="Valid until">
              <Time at={facts.validUntil} show="date" />
            </Fact>
          )}
        </Facts>
      </Section>
      <Section title="On record" action={<ReceiptButton index={row.index} />}>
        <Facts>
          <Fact name="Ledger entry">{count(row.index)}</Fact>
          <Fact name="Snapshot revision">{count(facts.revision)}</Fact>
          <Fact name="Request id" mono>
            {facts.id}
            {facts.again === undefined ? "" : `, decision ${facts.again} of this interaction`}
          </Fact>
          <Fact name="Namespace">{facts.namespace}</Fact>
        </Facts>
        <Raw title="The entry as it is recorded" value={row.entry} />
      </Section>
    </div>
  );
}

function ReasonBlock({ reason, revision }: { readonly reason: Reason; readonly revision: number }) {
  const { code, policy, namespace, words } = reason;
  return (
    <div className="reason">
      <p>
        <Words text={words} />
      </p>
      <p className="dim">
        <code>{code}</code>
        {policy !== undefined && (
          <>
            {" "}
            by policy <code>{policy}</code>
          </>
        )}
        {namespace !== undefined && ` of namespace ${namespace}`}
      </p>
      {policy !== undefined && namespace !== undefined && (
        <PolicyText namespace={namespace} id={policy} revision={revision} />
      )}
    </div>
  );
}

function Event({ row }: { readonly row: EventRow }) {
  return (
    <div className="drawer">
      <Section title="What happened">
        <p>
          <Words text={row.words} />
        </p>
        {row.principal !== "" && (
          <Facts>
            <Fact name={row.kind === "refusal" ? "From" : "By"}>
              <PartyLink id={row.principal} />
            </Fact>
          </Facts>
        )}
      </Section>
      <Section title="On record" action={<ReceiptButton index={row.index} />}>
        <Facts>
          <ValueFacts values={row.entry} />
        </Facts>
        <Raw title="The entry as it is recorded" value={row.entry} />
      </Section>
    </div>
  );
}
