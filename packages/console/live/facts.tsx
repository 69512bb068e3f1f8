/** Names and values side by side, as the drawers and panels show them. */
import type { ReactNode } from "react";
import { Time } from "../app/time.tsx";

interface SectionProps {
  readonly title: string;
  readonly action?: ReactNode;
  readonly children: ReactNode;
}

export function Section({ title, action, children }: SectionProps) {
  return (
    <section className="section">
      <header>
        <h3>{title}</h3>
        {action}
      </header>
      {children}
    </section>
  );
}

export function Facts({ children }: { readonly children: ReactNode }) {
  return <dl className="fact-list">{children}</dl>;
}

interface FactProps {
  readonly name: string;
  readonly mono?: boolean;
  readonly children: ReactNode;
}

export function Fact({ name, mono = false, children }: FactProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={mono ? "mono" : undefined}>{children}</dd>
    </div>
  );
}

/** One fact for each field of an object that nobody wrote a line for. */
export function ValueFacts({ values }: { readonly values: Readonly<Record<string, unknown>> }) {
  return Object.entries(values).map(([name, value]) => (
    <Fact key={name} name={spaced(name)} mono={typeof value === "object"}>
      {name === "at" && typeof value === "number" ? <Time at={value} show="date" /> : plain(value)}
    </Fact>
  ));
}

export function Raw({ title, value }: { readonly title: string; readonly value: unknown }) {
  return (
    <details className="raw">
      <summary>{title}</summary>
      <pre tabIndex={0}>{JSON.stringify(value, null, 2)}</pre>
    </details>
  );
}

/** `snapshotAgeMs` -> `Snapshot age ms` */
function spaced(name: string): string {
  const words = name.replaceAll(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function plain(value: unknown): string {
  if (value === true) return "yes";
  if (value === false) return "no";
  return typeof value === "string" || typeof value === "number" ? String(value) : JSON.stringify(value);
}
