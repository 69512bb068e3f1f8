/**
 * A program asks to act for whoever is signed in: who it is, where, what for and until when, in words; a passkey says yes. What
 * is shown comes from the server, and the passkey signs exactly that; the address names it and says nothing itself.
 */
import { useCallback, useState } from "react";
import { Button } from "@mantine/core";
import { oauthAnswer, oauthConsentView } from "@cordon/core/contract/oauth-api";
import { confirm, wordsOf } from "../access/people.ts";
import { useSession } from "../app/session.ts";
import { usePolled } from "../app/use-polled.ts";
import { localDateTime } from "../words/amounts.ts";
import { MustSignIn } from "./must-sign-in.tsx";
import { useMe } from "./use-me.ts";

/** @param uid what is asked, as the authorization server named it */
export function ConsentPage({ uid }: { readonly uid: string }) {
  const { client, key } = useSession();
  const me = useMe();
  const at = `/oauth/consent/${uid}`;
  const look = useCallback(() => client.post(`${at}/view`, oauthConsentView, {}), [client, at]);
  const { value: asked, problem: gone } = usePolled(look, 3_600_000);
  const [problem, setProblem] = useState<string>();
  const [working, setWorking] = useState(false);
  const answer = (ask: () => Promise<{ readonly location: string }>) => (): void => {
    setWorking(true);
    setProblem(undefined);
    ask().then(
      ({ location: goesOn }) => location.replace(goesOn),
      (error: unknown) => {
        setProblem(wordsOf(error));
        setWorking(false);
      },
    );
  };
  const allow = answer(async () => {
    const assertion = await confirm(client, "oauth", uid);
    return client.post(`${at}/approve`, oauthAnswer, { assertion });
  });
  const refuse = answer(() => client.post(`${at}/deny`, oauthAnswer, {}));
  if (key.person === undefined) return <MustSignIn onSignIn={() => (location.hash = "#/sign-in")} />;
  if (asked === undefined)
    return (
      <section className="cli-login" aria-labelledby="consent-title">
        <h1 id="consent-title">A program asks</h1>
        {gone !== undefined && <p role="alert">{wordsOf(gone)}</p>}
      </section>
    );
  const { name, id, bearer, returnsTo } = asked.client;
  return (
    <section className="cli-login" aria-labelledby="consent-title">
      <h1 id="consent-title">
        Let {name} act for you, {me?.person?.displayName ?? key.person}?
      </h1>
      <dl className="people-facts">
        <dt>The program</dt>
        <dd>
          {name} <code>{id}</code>; the answer goes to <strong>{returnsTo}</strong>
        </dd>
        <dt>May use</dt>
        <dd>
          {asked.resource.route} <code>{asked.resource.uri}</code>
        </dd>
        <dt>To</dt>
        <dd>
          <ul className="consent-scopes">
            {asked.scopes.map(({ scope, words }) => (
              <li key={scope}>
                {words} <code>{scope}</code>
              </li>
            ))}
          </ul>
        </dd>
        <dt>Until</dt>
        <dd>
          {localDateTime(asked.ends)}
          {asked.grant !== undefined && `, with the grant ${asked.grant.id} (${asked.grant.reason})`}
        </dd>
      </dl>
      {bearer && (
        <p role="note">
          Its tokens are bound to no key: whoever gets hold of one may use it while it lasts. An administrator allowed
          that for this program.
        </p>
      )}
      <p className="people-note">
        It never may more than you may, and each call is decided anew. You end it under People at any time. You did not
        start this in the program yourself? Say no.
      </p>
      {problem !== undefined && <p role="alert">{problem}</p>}
      <div className="grant-buttons">
        <Button onClick={allow} loading={working}>
          Allow with my passkey
        </Button>
        <Button variant="light" color="red" onClick={refuse} disabled={working}>
          No
        </Button>
      </div>
    </section>
  );
}
