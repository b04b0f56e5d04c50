/** Origins as a process: they run until a signal asks for the end. */
import { once } from "node:events";
import type { OriginConfig } from "./config.ts";
import { logEvent } from "./log.ts";
import { startOrigin, type RunningOrigin } from "./start.ts";

const SIGNALS = ["SIGTERM", "SIGINT"] as const;
/** As the shell has it for a process that a signal ended. */
const EXIT_AT_ONCE = 130;

/**
 * Starts an origin for each configuration; `onListening` hears of each. An institution runs one; a local mesh of many
 * organisations has several that share nothing but the process. Resolves when a signal has ended them in order; a
 * second signal ends the process at once, which loses nothing either. Throws as `startOrigin` does.
 */
export async function runOrigins(
  configs: readonly OriginConfig[],
  onListening: (url: string) => void,
): Promise<void> {
  const asked = Promise.race(SIGNALS.map((signal) => once(process, signal).then(() => signal)));
  const started = await Promise.allSettled(configs.map(startOrigin));
  const origins = started.flatMap((result) => (result.status === "fulfilled" ? result.value : []));
  const failure = started.find((result) => result.status === "rejected");
  try {
    if (failure) throw failure.reason;
    for (const { url } of origins) onListening(url);
    logEvent("stopping", { signal: await asked });
  } finally {
    for (const signal of SIGNALS) process.once(signal, endAtOnce);
    await closeAll(origins);
    for (const signal of SIGNALS) process.off(signal, endAtOnce);
  }
}

function endAtOnce(signal: NodeJS.Signals): void {
  logEvent("stopped-at-once", { signal }, "warn");
  process.exit(EXIT_AT_ONCE);
}

async function closeAll(origins: readonly RunningOrigin[]): Promise<void> {
  await Promise.all(origins.map((origin) => origin.close()));
}
