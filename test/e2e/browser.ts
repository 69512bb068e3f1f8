/**
 * A real browser for end-to-end tests: Debian's Chromium, without a window, network or memory of its own. In: nothing.
 * Out: a page, or why there is none.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";

const executable = "/usr/bin/chromium";

/** A reason to skip, where this machine has no browser; else false. */
export const noBrowser: string | false =
  !existsSync(executable) && `there is no ${executable}: apt-get install chromium runs this test`;

export interface Browser extends AsyncDisposable {
  readonly page: Page;
  /** What the page complained of: errors of scripts, and what its policy refused. */
  readonly complaints: readonly string[];
}

export async function openBrowser(): Promise<Browser> {
  await using opening = new AsyncDisposableStack();
  const profile = await mkdtemp(join(tmpdir(), "cordon-browser-"));
  opening.defer(() => rm(profile, { recursive: true, force: true, maxRetries: 5 }));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: executable,
    viewport: { width: 1440, height: 900 },
    acceptDownloads: true,
    args: [
      ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ],
  });
  opening.defer(() => context.close());
  const page = context.pages()[0] ?? (await context.newPage());
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol.startsWith("http") && hostname !== "localhost") complaints.push(`asked ${hostname} for something`);
  });
  const owned = opening.move();
  return { page, complaints, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
