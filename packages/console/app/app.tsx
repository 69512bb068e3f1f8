/** The whole console: pairing until this browser is paired, then a header and one of three pages. */
import { useCallback, useEffect, useState } from "react";
import { forgetKey, loadKey } from "../access/key-store.ts";
import { SignInPage } from "../access/sign-in-page.tsx";
import { PairPage } from "../access/pair-page.tsx";
import type { RequestRefused } from "../access/refusal.ts";
import type { BrowserKey } from "../access/sign.ts";
import { EstatePage } from "../estate/estate-page.tsx";
import { CliLoginPage } from "../people/cli-login-page.tsx";
import { ConsentPage } from "../people/consent-page.tsx";
import { GrantsPage } from "../people/grants-page.tsx";
import { PeoplePage } from "../people/people-page.tsx";
import { StepUpPage } from "../people/step-up-page.tsx";
import { RiskPage } from "../risk/risk-page.tsx";
import { SegmentationPage } from "../policy/segmentation-page.tsx";
import { LedgerPage } from "../ledger/ledger-page.tsx";
import { LivePage } from "../live/live-page.tsx";
import { Header } from "./header.tsx";
import { useCliLogin, useConsent, useSignInWay, useStepUp } from "../access/ways.ts";
import { usePlace } from "./route.ts";
import { openSession, SessionContext, type Session } from "./session.ts";

type Access =
  | { readonly state: "unknown" }
  | { readonly state: "unpaired"; readonly refusal?: RequestRefused }
  | { readonly state: "paired"; readonly key: BrowserKey };

export function App() {
  const [access, setAccess] = useState<Access>({ state: "unknown" });
  useEffect(() => {
    void (async () => {
      const key = await loadKey().catch(() => undefined);
      setAccess(key === undefined || key.expiresAt <= Date.now() ? { state: "unpaired" } : { state: "paired", key });
    })();
  }, []);
  const forget = useCallback(async (refusal?: RequestRefused) => {
    await forgetKey().catch(() => undefined);
    setAccess({ state: "unpaired", ...(refusal && { refusal }) });
  }, []);

  const way = useSignInWay();
  if (access.state === "unknown") return null;
  const nobody = access.state === "unpaired" || access.key.person === undefined;
  if (nobody && way !== undefined)
    return (
      <SignInPage
        way={way}
        refusal={access.state === "unpaired" ? access.refusal : undefined}
        onSignedIn={(key) => setAccess({ state: "paired", key })}
      />
    );
  if (access.state === "unpaired")
    return <PairPage refusal={access.refusal} onPaired={(key) => setAccess({ state: "paired", key })} />;
  return <Console browserKey={access.key} onForget={forget} />;
}

interface ConsoleProps {
  readonly browserKey: BrowserKey;
  readonly onForget: (refusal?: RequestRefused) => Promise<void>;
}

function Console({ browserKey, onForget }: ConsoleProps) {
  const [session, setSession] = useState<Session>();
  useEffect(() => {
    const opened = openSession(browserKey);
    setSession(opened);
    return () => opened[Symbol.dispose]();
  }, [browserKey]);
  const { page, component, id, ask } = usePlace();
  const cli = useCliLogin();
  const isStepUp = useStepUp();
  const consent = useConsent();
  const isElsewhere = cli !== undefined || isStepUp || consent !== undefined;
  if (session === undefined) return null;
  return (
    <SessionContext value={session}>
      <div className="shell">
        <Header page={page} onForget={onForget} />
        <main className="page">
          {cli !== undefined && <CliLoginPage asked={cli} />}
          {isStepUp && <StepUpPage />}
          {consent !== undefined && <ConsentPage uid={consent} />}
          {!isElsewhere && page === "live" && <LivePage />}
          {page === "estate" && <EstatePage selected={component} />}
          {page === "ledger" && <LedgerPage />}
          {page === "policy" && <SegmentationPage />}
          {page === "risk" && <RiskPage />}
          {page === "grants" && <GrantsPage selected={id} ask={ask} />}
          {page === "people" && <PeoplePage />}
        </main>
      </div>
    </SessionContext>
  );
}
