/** What a good verdict means, and what it does not: said beside the button, for whoever will rely on it. */
export function Proves() {
  return (
    <aside className="proves">
      <section>
        <h2>What a good verdict proves</h2>
        <ul>
          <li>Every entry up to the checkpoint is there, in its place, byte for byte as it was signed.</li>
          <li>No byte of a call went through without its decision among these entries: recording comes first.</li>
          <li>
            Where a checkpoint kept elsewhere agrees, the history up to it was not rewritten since, not even by someone
            with the log's key.
          </li>
        </ul>
      </section>
      <section>
        <h2>What it does not prove</h2>
        <ul>
          <li>
            That the console tells the truth: it repeats what this machine computed. Verify on another one to be sure.
          </li>
          <li>That nothing was rewritten before the first checkpoint that was kept elsewhere.</li>
          <li>That entries written by a machine already taken over are true.</li>
        </ul>
      </section>
      <section>
        <h2>On another machine</h2>
        <p>
          With the state folder's <code>ledger</code>, the log's public key and a checkpoint that was kept:
        </p>
        <pre>{"cordon ledger verify FOLDER \\\n  --key KEY --checkpoint FILE"}</pre>
      </section>
    </aside>
  );
}
