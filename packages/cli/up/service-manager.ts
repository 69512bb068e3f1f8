/**
 * Tells systemd how this service is: ready, stopping, and still alive as often as its watchdog asks (sd_notify(3)). In:
 * the environment of a unit with `Type=notify`. Out: messages, by `systemd-notify`, for Node has no datagram sockets of
 * the Unix kind. Anywhere else it does nothing.
 */
import { execFile } from "node:child_process";

export interface ServiceManager extends Disposable {
  ready(words: string): void;
  stopping(): void;
}

export interface ServiceManagerOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Hears of the first message that could not be sent. */
  readonly failed: (words: string) => void;
  readonly processId?: number;
}

/** Shorter would spend more on telling than on working. */
const leastIntervalMs = 1_000;

export function serviceManager({ env, failed, processId = process.pid }: ServiceManagerOptions): ServiceManager {
  const socket = env["NOTIFY_SOCKET"];
  if (socket === undefined || socket === "") return { ready: nothing, stopping: nothing, [Symbol.dispose]: nothing };
  let complained = false;
  const notify = (...words: readonly string[]): void => {
    const options = { env: { PATH: env["PATH"] ?? "/usr/bin:/bin", NOTIFY_SOCKET: socket }, timeout: 5_000 };
    execFile("systemd-notify", [`--pid=${processId}`, ...words], options, (error) => {
      if (error === null || complained) return;
      complained = true;
      failed(`systemd-notify: ${error.message}; systemd will take this service for hung or never started`);
    });
  };
  const everyMs = watchdogMs(env, processId);
  let timer: NodeJS.Timeout | undefined;
  return {
    ready(words) {
      notify("READY=1", `STATUS=${words}`);
      // Beats on the event loop: when that hangs, so does the beat, and systemd restarts the service.
      if (everyMs !== undefined) timer = setInterval(() => notify("WATCHDOG=1"), everyMs).unref();
    },
    stopping: () => notify("STOPPING=1"),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** Half of what the watchdog allows, or `undefined` where this process is not watched. */
export function watchdogMs(env: ServiceManagerOptions["env"], processId: number): number | undefined {
  const microseconds = Number(env["WATCHDOG_USEC"]);
  const watched = env["WATCHDOG_PID"] === undefined || env["WATCHDOG_PID"] === String(processId);
  if (!watched || !Number.isFinite(microseconds) || microseconds <= 0) return undefined;
  return Math.max(leastIntervalMs, Math.floor(microseconds / 2_000));
}

function nothing(): void {
  // no service manager
}
