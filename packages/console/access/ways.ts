/** What the address asks for besides a page: a way to sign in, or a command line that waits. In: the fragment. Out: which. */
import { useMemo, useSyncExternalStore } from "react";

export const signInWays = ["sign-in", "enrol", "recover"] as const;
export type SignInWay = (typeof signInWays)[number];

/** `cordon login`, as its hand-off page is opened. */
export interface CliAsked {
  readonly x: string;
  readonly y: string;
  readonly port: number;
  readonly state: string;
  readonly label: string;
  readonly grant?: string;
}

export function parseSignInWay(fragment: string): SignInWay | undefined {
  const path = pathOf(fragment);
  // Whoever comes from a command line has to be somebody first.
  if (path === "login" || path === "step-up" || parseConsent(fragment) !== undefined) return "sign-in";
  return signInWays.find((way) => way === path);
}

/** What a command line asks, or `undefined` for anything that is not exactly that. */
export function parseCliAsked(fragment: string): CliAsked | undefined {
  if (pathOf(fragment) !== "login") return undefined;
  const query = new URLSearchParams(fragment.slice(fragment.indexOf("?") + 1));
  const of = (name: string): string => query.get(name) ?? "";
  const port = /^[1-9]\d{3,4}$/.test(of("port")) ? Number(of("port")) : 0;
  const coordinate = /^[A-Za-z0-9_-]{43}$/;
  if (port < 1024 || port > 65_535 || !coordinate.test(of("x")) || !coordinate.test(of("y"))) return undefined;
  if (!/^[A-Za-z0-9_-]{22}$/.test(of("state")) || !/^\P{C}{1,100}$/u.test(of("label"))) return undefined;
  const asked = { x: of("x"), y: of("y"), port, state: of("state"), label: of("label") };
  return /^g-[a-z0-9]{1,32}$/.test(of("grant")) ? { ...asked, grant: of("grant") } : asked;
}

/** Where the page hands a code over: the loopback address of this machine, and nothing else that an address could name. */
export function handOffUrl({ port, state }: CliAsked, code: string): string {
  return `http://127.0.0.1:${port}/?${new URLSearchParams({ code, state })}`;
}

export function useSignInWay(): SignInWay | undefined {
  const fragment = useFragment();
  return cameFromProvider() ? "sign-in" : parseSignInWay(fragment);
}

/** Where a call sends people that policy wants to be sure of. */
export function useStepUp(): boolean {
  return pathOf(useFragment()) === "step-up";
}

/** Whether the address is where an identity provider sends browsers back to. */
export function cameFromProvider(): boolean {
  return location.pathname === "/oidc" && location.search !== "";
}

/** What a program asked a person for, by the authorization server's name for it. */
export function parseConsent(fragment: string): string | undefined {
  return /^#\/authorize\/([A-Za-z0-9_-]{16,64})$/.exec(fragment)?.[1];
}

export function useConsent(): string | undefined {
  return parseConsent(useFragment());
}

export function useCliLogin(): CliAsked | undefined {
  const fragment = useFragment();
  return useMemo(() => parseCliAsked(fragment), [fragment]);
}

function pathOf(fragment: string): string {
  return fragment.replace(/^#\/?/, "").split("?", 1)[0] ?? "";
}

function useFragment(): string {
  return useSyncExternalStore(
    (changed) => {
      addEventListener("hashchange", changed);
      return () => removeEventListener("hashchange", changed);
    },
    () => location.hash,
  );
}
