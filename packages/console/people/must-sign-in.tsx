/** What a browser sees that was only paired: looking is all that it may do. */
import { useSession } from "../app/session.ts";

export function MustSignIn({ onSignIn }: { readonly onSignIn: () => void }) {
  const { key } = useSession();
  return (
    <div className="people-empty">
      <h2>Sign in to go on</h2>
      <p>
        This browser ({key.label}) is paired with a code, so it may look at decisions, the estate, segmentation, risk
        and the ledger. This page is for people, each with a passkey.
      </p>
      <button type="button" className="link-button" onClick={onSignIn}>
        Sign in with a passkey
      </button>
    </div>
  );
}
