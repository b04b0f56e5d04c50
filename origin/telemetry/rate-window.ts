/** How many of something there were in the last minute. */

const SLOTS = 60;
const SLOT_MS = 1_000;

export class RateWindow {
  readonly #counts = Array.from({ length: SLOTS }, () => 0);
  readonly #seconds = Array.from({ length: SLOTS }, () => -1);

  add(now: number): void {
    const second = Math.floor(now / SLOT_MS);
    const slot = second % SLOTS;
    if (this.#seconds[slot] !== second) this.#counts[slot] = 0;
    this.#seconds[slot] = second;
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
  }

  /** Those since 60 seconds, the current one included. */
  lastMinute(now: number): number {
    const second = Math.floor(now / SLOT_MS);
    return this.#counts.reduce((sum, count, slot) => {
      const age = second - (this.#seconds[slot] ?? -1);
      return age >= 0 && age < SLOTS ? sum + count : sum;
    }, 0);
  }
}
