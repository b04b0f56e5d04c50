/**
 * When a node's next round of gossip is: after its interval, or almost at once after news that can not wait. Such
 * news reaches all but a few in the time of some messages; the few hear it in the next usual rounds.
 */
import { NEWS_TELLINGS } from "./news.ts";
import { PEERS_PER_ROUND } from "./peers.ts";

/** Long enough to hear the same news once more before telling it, short beside any interval. */
const HURRY_MS = 1_000;
/** So many rounds tell a rumour as often as it is told. */
const HURRIED_ROUNDS = Math.ceil(NEWS_TELLINGS / PEERS_PER_ROUND);

export class Pace {
  #hurried = 0;

  /** Something was learnt that can not wait. */
  hurry(): void {
    this.#hurried = HURRIED_ROUNDS;
  }

  /** Milliseconds until the next round. `random` in [0, 1): jitter keeps nodes from calling in step. */
  next(intervalMs: number, random: number): number {
    const usual = intervalMs * (0.75 + random / 2);
    if (this.#hurried === 0) return usual;
    this.#hurried -= 1;
    return Math.min(usual, HURRY_MS * (0.5 + random));
  }
}
