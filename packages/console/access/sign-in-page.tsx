/** Signing in with a passkey, enrolling with a code, and coming back with a sealed one. */
import { useEffect, useRef, useState, type FormEvent } from "react";
import { Button, TextInput } from "@mantine/core";
import { CrossIcon, WordmarkIcon } from "../app/icons.tsx";
import { Words } from "../words/words.tsx";
import { describeBrowser } from "./browser-label.ts";
import { arriveFromProvider, enrolWithCode, providerHost, redeemRecoveryCode } from "./people.ts";
import { signInWithPasskey, startAtProvider, wordsOf } from "./people.ts";
import type { RequestRefused } from "./refusal.ts";
import type { BrowserKey } from "./sign.ts";
import { cameFromProvider, type SignInWay } from "./ways.ts";

interface SignInPageProps {
  readonly way: SignInWay;
  readonly refusal: RequestRefused | undefined;
  readonly onSignedIn: (key: BrowserKey) => void;
}

const titles: Readonly<Record<SignInWay, string>> = {
  "sign-in": "Sign in",
  enrol: "Enrol",
  recover: "Come back without a passkey",
};

export function SignInPage({ way, refusal, onSignedIn }: SignInPageProps) {
  const [name, setName] = useState("");
  const [code, setCode] = useState("");
  const [displayName, setDisplayName] = useState("");
  const [working, setWorking] = useState(false);
  const [problem, setProblem] = useState<string>();
  const label = describeBrowser(navigator.userAgent);
  const [provider, setProvider] = useState<string>();
  const arrived = useRef(false);
  useEffect(() => {
    providerHost().then(setProvider, () => undefined);
    // Once: an answer of a provider is good once, and React mounts twice while developing.
    if (!cameFromProvider() || arrived.current) return;
    arrived.current = true;
    setWorking(true);
    arriveFromProvider(label)
      .then((arrival) => {
        if ("keyId" in arrival) {
          location.hash = "#/grants";
          return onSignedIn(arrival);
        }
        setName(arrival.name);
        setCode(arrival.code);
        location.hash = "#/enrol";
      })
      .catch((error: unknown) => setProblem(wordsOf(error)))
      .finally(() => setWorking(false));
  }, []);
  const toProvider = (): void => {
    setProblem(undefined);
    startAtProvider(label).catch((error: unknown) => setProblem(wordsOf(error)));
  };
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setWorking(true);
    setProblem(undefined);
    try {
      if (way === "recover") {
        setCode(await redeemRecoveryCode(name.trim(), code.trim()));
        location.hash = "#/enrol";
        return;
      }
      const key =
        way === "enrol"
          ? await enrolWithCode(name.trim(), code.trim(), displayName.trim(), label)
          : await signInWithPasskey(label);
      if (!/^#\/(?:login|authorize)\b/.test(location.hash)) location.hash = "#/grants";
      onSignedIn(key);
    } catch (error) {
      setProblem(wordsOf(error));
    } finally {
      setWorking(false);
    }
  };
  return (
    <main className="pair">
      <form className="pair-card" onSubmit={(event) => void submit(event)} aria-labelledby="sign-in-title">
        <div className="pair-brand">
          <WordmarkIcon />
          <span>Cordon</span>
        </div>
        <h1 id="sign-in-title">{titles[way]}</h1>
        {way === "sign-in" && (
          <p>
            Your passkey signs you in to this browser, for some hours. There is no password, and nothing here can be
            passed on.
          </p>
        )}
        {way === "enrol" && <p>An administrator gave you a name and a code. Your passkey is made on this device.</p>}
        {way === "recover" && (
          <p>One of the codes that you sealed away lets you enrol a new passkey. All old ones end with it.</p>
        )}
        {way !== "sign-in" && (
          <>
            <TextInput
              label="Name"
              placeholder="mei"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              required
              withAsterisk={false}
              autoFocus
              spellCheck={false}
            />
            <TextInput
              label={way === "enrol" ? "Enrolment code" : "Recovery code"}
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
              classNames={{ input: "pair-code" }}
              autoComplete="one-time-code"
              spellCheck={false}
              required
              withAsterisk={false}
            />
          </>
        )}
        {way === "enrol" && (
          <TextInput
            label="What others see"
            description="Default: what your invitation says."
            value={displayName}
            onChange={(event) => setDisplayName(event.currentTarget.value)}
            maxLength={100}
          />
        )}
        {(problem ?? refusal?.message) !== undefined && (
          <div className="notice" role="alert">
            <CrossIcon />
            <span>
              <Words text={problem ?? refusal?.message ?? ""} />
            </span>
          </div>
        )}
        <Button type="submit" loading={working} fullWidth>
          {way === "sign-in" ? "Sign in with a passkey" : way === "enrol" ? "Make my passkey" : "Use this code"}
        </Button>
        {way === "sign-in" && provider !== undefined && (
          <Button variant="light" onClick={toProvider} disabled={working} fullWidth>
            Sign in through {provider}
          </Button>
        )}
        <p className="pair-other">
          {way !== "sign-in" && <a href="#/sign-in">Sign in</a>}
          {way !== "enrol" && <a href="#/enrol">Enrol with a code</a>}
          {way !== "recover" && <a href="#/recover">I have lost my passkeys</a>}
          <a href="#/live">Pair this browser with the terminal's code</a>
        </p>
      </form>
    </main>
  );
}
