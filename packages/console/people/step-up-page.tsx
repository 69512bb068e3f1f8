/** Showing that it is still you: where a call sent you whose policy wants a fresh passkey. */
import { MustSignIn } from "./must-sign-in.tsx";
import { SessionRows } from "./session-rows.tsx";
import { useMe } from "./use-me.ts";
import { useSession } from "../app/session.ts";

export function StepUpPage() {
  const { key } = useSession();
  const me = useMe();
  if (key.person === undefined) return <MustSignIn onSignIn={() => (location.hash = "#/sign-in")} />;
  return (
    <section className="people-page" aria-labelledby="step-up-title">
      <h1 id="step-up-title">Show that it is you</h1>
      <p className="people-note">
        A call of yours waits, or was refused, because policy wants a passkey from lately. Choose where you are working:
        only that sign-in is confirmed, and it does not last longer for it. You are not calling anything? End what you
        do not know.
      </p>
      {me !== undefined && <SessionRows sessions={me.sessions} />}
    </section>
  );
}
