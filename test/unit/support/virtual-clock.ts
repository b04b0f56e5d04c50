/** Time that passes only when everything else waits for it: a test of timeouts takes none, and is always the same. */

interface Timer {
  readonly at: number;
  readonly wake: () => void;
}

export class VirtualClock {
  #now = 0;
  readonly #timers = new Set<Timer>();

  readonly now = (): number => this.#now;

  readonly sleep = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const timer: Timer = { at: this.#now + milliseconds, wake: resolve };
      this.#timers.add(timer);
      signal?.addEventListener("abort", () => {
        this.#timers.delete(timer);
        resolve();
      });
    });

  /** Lets time pass until `work` is done. Fails if it waits for something that no timer brings. */
  async run<T>(work: Promise<T>): Promise<T> {
    const progress = { isDone: false };
    const watched = work.finally(() => {
      progress.isDone = true;
    });
    for (;;) {
      await settle();
      if (progress.isDone) return watched;
      const [next] = [...this.#timers].toSorted((a, b) => a.at - b.at);
      if (!next) throw new Error("nothing will ever happen");
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.wake();
    }
  }
}

/** Everything that can go on without time passing has gone on. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
