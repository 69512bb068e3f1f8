/**
 * People in front of a real Cordon: browsers with authenticators of their own, and the command line as another process. In: an
 * estate. Out: people who are enrolled, each in a Chromium of theirs.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CDPSession, Page } from "playwright-core";
import { openBrowser, type Browser } from "./browser.ts";
import { openEstate, policies, type Estate, type EstateOptions } from "./estate.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Rules as a team would write them: training data by one administrator, chat by rule. */
export const grantRules = `
grants:
  - { name: training-data, actions: [read], resources: [training-data], requesters: [data-science], approvers: 1, maxMinutes: 240 }
  - { name: chat, actions: [infer], resources: [chat], requesters: [data-science], approvers: 0, maxMinutes: 30 }
`;

export async function openPeopleEstate(options: EstateOptions = {}): Promise<Estate> {
  return openEstate({ policies, ...options, more: `${grantRules}${options.more ?? ""}` });
}

export function serverOf({ cordon }: Estate) {
  assert.ok(cordon.console.server, cordon.console.why);
  return cordon.console.server;
}

export function peopleOf(estate: Estate) {
  const { people } = serverOf(estate);
  assert.ok(people);
  return people;
}

/** Builds the console's pages, where they are older than their sources. */
export function buildPages(): void {
  const built = spawnSync(process.execPath, [join(root, "tools/ensure-console.ts")], { cwd: root, encoding: "utf8" });
  assert.equal(built.status, 0, built.stderr);
}

/** An authenticator that verifies its user, as DevTools' protocol makes one. */
export interface VirtualAuthenticator {
  readonly cdp: CDPSession;
  readonly id: string;
}

export async function addAuthenticator(page: Page, more: Record<string, unknown> = {}): Promise<VirtualAuthenticator> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  const options = {
    ...{ protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true },
    ...{ isUserVerified: true, automaticPresenceSimulation: true },
    ...more,
  };
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", { options: options as never });
  return { cdp, id: authenticatorId };
}

export interface Somebody extends AsyncDisposable {
  readonly page: Page;
  readonly browser: Browser;
  readonly authenticator: VirtualAuthenticator;
}

/** A person with a browser and a passkey device of their own, not enrolled yet. */
export async function somebody(): Promise<Somebody> {
  const browser = await openBrowser();
  const { page } = browser;
  const authenticator = await addAuthenticator(page);
  return { page, browser, authenticator, [Symbol.asyncDispose]: () => browser[Symbol.asyncDispose]() };
}

/** Enrols in the page, with a code as an administrator gave it. */
export async function enrol({ page }: Somebody, estate: Estate, name: string, code: string): Promise<void> {
  await page.goto(`${serverOf(estate).url}/#/enrol`);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Enrolment code").fill(code);
  await page.getByRole("button", { name: "Make my passkey" }).click();
  await page.getByRole("heading", { name: "Grants" }).waitFor();
}

export async function signIn({ page }: Somebody, estate: Estate): Promise<void> {
  await page.goto("about:blank");
  await page.goto(`${serverOf(estate).url}/#/sign-in`);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByRole("heading", { name: "Grants" }).waitFor();
}

/** `cordon ARGS` as a process of its own. */
export function cordonCommand(args: readonly string[], env: Record<string, string>): CommandRun {
  const child = spawn(process.execPath, [join(root, "packages/cli/main.ts"), ...args], {
    env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const run: CommandRun = { child, stdout: "", stderr: "", ended: Promise.resolve(0) };
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (run.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (run.stderr += text));
  run.ended = new Promise((resolve) => child.once("close", (code) => resolve(code ?? 1)));
  return run;
}

export interface CommandRun {
  readonly child: ChildProcess;
  stdout: string;
  stderr: string;
  ended: Promise<number>;
}
