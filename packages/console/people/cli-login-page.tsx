/**
 * `cordon login` in the browser: the code of the command line that waits on this machine, and a passkey's word on its key.
 * The way back leads to this machine alone, so that confirming somebody else's login gives them nothing.
 */
import { useEffect, useState } from "react";
import { Button } from "@mantine/core";
import { cliAuthoriseResponse } from "@cordon/core/contract/people-api";
import { confirm, wordsOf } from "../access/people.ts";
import { handOffUrl, type CliAsked } from "../access/ways.ts";
import { useSession } from "../app/session.ts";
import { keyWords } from "./key-words.ts";
import { useMe } from "./use-me.ts";
import { MustSignIn } from "./must-sign-in.tsx";

export function CliLoginPage({ asked }: { readonly asked: CliAsked }) {
  const { client, key } = useSession();
  const me = useMe();
  const [words, setWords] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const [working, setWorking] = useState(false);
  useEffect(() => void keyWords(asked.x, asked.y).then(setWords), [asked]);
  const authorise = async (): Promise<void> => {
    setWorking(true);
    setProblem(undefined);
    try {
      const publicKey = { kty: "EC", crv: "P-256", x: asked.x, y: asked.y };
      const subject = { publicKey, ...(asked.grant !== undefined && { grant: asked.grant }) };
      const assertion = await confirm(client, "cli", JSON.stringify(subject));
      const body = { ...subject, label: asked.label, assertion };
      const { code } = await client.post("/v1/cli/authorise", cliAuthoriseResponse, body);
      location.replace(handOffUrl(asked, code));
    } catch (error) {
      setProblem(wordsOf(error));
      setWorking(false);
    }
  };
  if (key.person === undefined) return <MustSignIn onSignIn={() => (location.hash = "#/sign-in")} />;
  return (
    <section className="cli-login" aria-labelledby="cli-title">
      <h1 id="cli-title">Sign a command line in as {me?.person?.displayName ?? key.person}?</h1>
      <p>A terminal on this computer shows a code. Go on only if it is this one:</p>
      <output className="cli-code">{words ?? "…"}</output>
      <dl className="people-facts">
        <dt>It calls itself</dt>
        <dd>{asked.label}</dd>
        <dt>It may then</dt>
        <dd>
          {asked.grant === undefined
            ? "do what you may do, for an hour or so"
            : `use grant ${asked.grant}, until that ends`}
        </dd>
      </dl>
      <p className="people-note">
        You did not start this, or somebody sent you here? Close the page. The answer goes to this computer only, but a
        program on it could be lying about who it is.
      </p>
      {problem !== undefined && <p role="alert">{problem}</p>}
      <Button onClick={() => void authorise()} loading={working} disabled={words === undefined}>
        Confirm with my passkey
      </Button>
    </section>
  );
}
