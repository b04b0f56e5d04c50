/** Keeps cohorts in step with the records while no one asks: they are what the mesh is told of. */
import { logFailure } from "../log.ts";
import { pause } from "../mesh/index.ts";
import type { Holdings } from "./consider.ts";

/** A record waits so long for its cohort; asking for it is one row read. */
const POLL_MS = 1_000;

/** Resolves when `signal` ends it. */
export async function keepCohorts({ cohorts }: Holdings, signal: AbortSignal): Promise<void> {
  while (cohorts.size > 0 && !signal.aborted) {
    for (const index of cohorts.values()) {
      await index.refresh().catch((error: unknown) => logFailure("cohorts", error));
    }
    await pause(POLL_MS, signal);
  }
}
