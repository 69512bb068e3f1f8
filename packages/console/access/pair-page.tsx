/** Pairing: the one-time code from the terminal, exchanged for a signing key that stays in this browser. */
import { useState, type FormEvent } from "react";
import { Button, TextInput } from "@mantine/core";
import { CrossIcon, WordmarkIcon } from "../app/icons.tsx";
import { saveKey } from "./key-store.ts";
import { pairBrowser } from "./client.ts";
import { Words } from "../words/words.tsx";
import { describeBrowser } from "./browser-label.ts";
import { RequestRefused } from "./refusal.ts";
import { makeKeyPair, type BrowserKey } from "./sign.ts";

interface PairPageProps {
  /** Why an earlier pairing is no longer good. */
  readonly refusal: RequestRefused | undefined;
  readonly onPaired: (key: BrowserKey) => void;
}

export function PairPage({ refusal, onPaired }: PairPageProps) {
  const [code, setCode] = useState("");
  const [label, setLabel] = useState(() => describeBrowser(navigator.userAgent));
  const [working, setWorking] = useState(false);
  const [problem, setProblem] = useState<string>();
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setWorking(true);
    setProblem(undefined);
    try {
      onPaired(await pair(code.trim(), label.trim()));
    } catch (error) {
      setProblem(
        error instanceof RequestRefused ? error.message : `This browser could not keep a key: ${String(error)}`,
      );
      setWorking(false);
    }
  };
  return (
    <main className="pair">
      <form className="pair-card" onSubmit={(event) => void submit(event)} aria-labelledby="pair-title">
        <div className="pair-brand">
          <WordmarkIcon />
          <span>Cordon</span>
        </div>
        <h1 id="pair-title">Pair this browser</h1>
        <p>
          Pairing makes a signing key that cannot leave this browser; from then on Cordon answers only what that key has
          signed.
        </p>
        {refusal !== undefined && problem === undefined && <Notice words={refusal.message} />}
        {!window.isSecureContext ? (
          <Notice words="Browsers sign only on trusted pages: open the console on https://, or on http://localhost." />
        ) : (
          <>
            <TextInput
              label="One-time code"
              description={
                <>
                  The terminal where <code>cordon up</code> runs has printed it. A new one:{" "}
                  <code>cordon console pair</code>
                </>
              }
              placeholder="XXXXX-XXXXX"
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
              classNames={{ input: "pair-code" }}
              autoFocus
              autoComplete="one-time-code"
              spellCheck={false}
              required
              withAsterisk={false}
            />
            <TextInput
              label="Name of this browser"
              description="What you will see in the list of paired browsers."
              value={label}
              onChange={(event) => setLabel(event.currentTarget.value)}
              maxLength={100}
              required
              withAsterisk={false}
            />
            {problem !== undefined && <Notice words={problem} />}
            <Button type="submit" loading={working} disabled={code.trim() === "" || label.trim() === ""} fullWidth>
              Pair
            </Button>
            <p>
              Pairing lets a browser look. To ask for something, or to decide on it,{" "}
              <a href="#/sign-in">sign in with a passkey</a> or <a href="#/enrol">enrol with a code</a>.
            </p>
          </>
        )}
      </form>
    </main>
  );
}

/** The key is kept before the code is spent, as one that is good for nothing yet: a browser may refuse to keep keys. */
async function pair(code: string, label: string): Promise<BrowserKey> {
  const { privateKey, publicKey } = await makeKeyPair();
  await saveKey({ keyId: "", privateKey, label, pairedAt: 0, expiresAt: 0 });
  const { keyId, expiresAt } = await pairBrowser(code, publicKey, label);
  const key = { keyId, privateKey, label, pairedAt: Date.now(), expiresAt };
  await saveKey(key);
  return key;
}

function Notice({ words }: { readonly words: string }) {
  return (
    <div className="notice" role="alert">
      <CrossIcon />
      <span>
        <Words text={words} />
      </span>
    </div>
  );
}
