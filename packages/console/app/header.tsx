/** On every page: where this is, what is in force, whether what is shown is live, and what is wrong. */
import { useEffect, useRef, useSyncExternalStore } from "react";
import { ActionIcon, Menu, Tooltip, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import type { OverviewResponse } from "@cordon/core/contract/console-api";
import { anything } from "../access/people.ts";
import type { RequestRefused } from "../access/refusal.ts";
import { count, counted, localDateTime } from "../words/amounts.ts";
import { Words } from "../words/words.tsx";
import { ConnectionBadge } from "./connection-badge.tsx";
import { BrowserIcon, MoonIcon, SunIcon, WarningIcon, WordmarkIcon } from "./icons.tsx";
import { placeHref, type Page } from "./route.ts";
import { useSession } from "./session.ts";
import { usePolled } from "./use-polled.ts";

const titles: Readonly<Record<Page, string>> = {
  live: "Live decisions",
  estate: "Estate",
  policy: "Segmentation",
  ledger: "Ledger",
  risk: "Risk",
  grants: "Grants",
  people: "People",
};
const pollMs = 3_000;

interface HeaderProps {
  readonly page: Page;
  readonly onForget: (refusal?: RequestRefused) => Promise<void>;
}

export function Header({ page, onForget }: HeaderProps) {
  const { client, feed } = useSession();
  const { value: overview, problem } = usePolled(client.overview, pollMs);
  const { connection } = useSyncExternalStore(feed.subscribe, feed.state);
  useEffect(() => {
    document.title = overview === undefined ? `${titles[page]} · Cordon` : `${titles[page]} · ${overview.trustDomain}`;
  }, [page, overview]);
  const tabs = useRef<HTMLElement>(null);
  useEffect(() => {
    tabs.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [page]);
  useEffect(() => {
    const refusal = problem ?? (connection.state === "stopped" ? connection.refusal : undefined);
    if (refusal?.kind === "unpaired") void onForget(refusal);
  }, [problem, connection, onForget]);

  return (
    <header className="header">
      <div className="header-bar">
        <a className="wordmark" href={placeHref({ page: "live" })} aria-label="Cordon: live decisions">
          <WordmarkIcon />
          <span>Cordon</span>
        </a>
        <nav ref={tabs} className="tabs" aria-label="Pages">
          {(Object.keys(titles) as Page[]).map((each) => (
            <a key={each} href={placeHref({ page: each })} aria-current={each === page ? "page" : undefined}>
              {titles[each]}
            </a>
          ))}
        </nav>
        <div className="header-facts">
          {overview !== undefined && <Facts overview={overview} />}
          <ConnectionBadge connection={connection} />
        </div>
        <ColourSwitch />
        <BrowserMenu onForget={onForget} />
      </div>
      <Problems problems={problemsOf(overview, problem)} />
    </header>
  );
}

function Facts({ overview }: { readonly overview: OverviewResponse }) {
  const { trustDomain, revision, mode, gateway, version } = overview;
  return (
    <dl className="facts">
      <div>
        <dt>Trust domain</dt>
        <dd title={`Cordon ${version}, gateway ${gateway.url}`}>{trustDomain}</dd>
      </div>
      <div>
        <dt>Revision</dt>
        <dd>{count(revision)}</dd>
      </div>
      <div>
        <dt>Live now</dt>
        <dd title={counted(gateway.live, "interaction is under way", "interactions are under way")}>
          {count(gateway.live)}
        </dd>
      </div>
      <div>
        <dt>Mode</dt>
        <dd>
          <Tooltip
            label={
              mode === "enforce"
                ? "What policy denies is refused."
                : "Something only observes: what it denies is let through and recorded; see Segmentation."
            }
          >
            <span className={`badge badge-${mode}`} tabIndex={0}>
              {mode}
            </span>
          </Tooltip>
        </dd>
      </div>
    </dl>
  );
}

/** What the operator should know before trusting this page. */
function problemsOf(overview: OverviewResponse | undefined, problem: RequestRefused | undefined): readonly string[] {
  const stale = problem === undefined || problem.kind === "unpaired" ? [] : [problem.message];
  const open =
    overview?.keysSealedBy === "file"
      ? ["Keys are sealed by a file: whoever can read the state folder can read them. Set `keys.root` to a passphrase."]
      : [];
  return [...stale, ...(overview?.problems ?? []), ...open];
}

function Problems({ problems }: { readonly problems: readonly string[] }) {
  if (problems.length === 0) return null;
  return (
    <div className="problems" role="status">
      <WarningIcon />
      <ul>
        {problems.map((words) => (
          <li key={words}>
            <Words text={words} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function ColourSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light", { getInitialValueInEffect: false });
  const other = scheme === "dark" ? "light" : "dark";
  return (
    <Tooltip label={`Use ${other} colours`}>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={`Use ${other} colours`}
        onClick={() => setColorScheme(other)}
      >
        {scheme === "dark" ? <SunIcon /> : <MoonIcon />}
      </ActionIcon>
    </Tooltip>
  );
}

function BrowserMenu({ onForget }: Pick<HeaderProps, "onForget">) {
  const { key, client } = useSession();
  return (
    <Menu position="bottom-end" width={300} shadow="md">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label="This browser's pairing">
          <BrowserIcon />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <div className="browser-facts">
          <strong>{key.person ?? key.label}</strong>
          {key.person !== undefined && <span>{key.label}</span>}
          <span>
            {key.person === undefined ? "Paired" : "Signed in"} {localDateTime(key.pairedAt)}
          </span>
          <span>Until {localDateTime(key.expiresAt)}</span>
          <code>{key.keyId}</code>
        </div>
        <Menu.Divider />
        {key.person !== undefined && (
          <Menu.Item onClick={() => void client.post("/v1/sign-out", anything, {}).finally(() => void onForget())}>
            Sign out
          </Menu.Item>
        )}
        <Menu.Item color="red" onClick={() => void onForget()}>
          Forget this browser's key
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
