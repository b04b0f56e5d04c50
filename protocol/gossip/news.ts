/**
 * What a node lately learned, and tells whom it meets before they compare anything (rumour mongering; Demers et
 * al. 1987). Each item is told a few times; those whom it does not reach so are reached by comparing.
 */
import type { GossipItem } from "./store.ts";

/** Told four times, a rumour reaches 98 of 100; the rest find it when they compare. */
export const NEWS_TELLINGS = 4;
/** Items in one message: more are a hundred renewals a round, of 8,000 members. */
export const NEWS_MAX = 64;
/** Items that wait to be told. Of more, the oldest are left to comparing. */
const WAITING_MAX = 1_024;

interface Rumour<S> {
  readonly item: GossipItem<S>;
  told: number;
}

export class News<S> {
  /** By what they are about, the oldest first. */
  readonly #rumours = new Map<string, Rumour<S>>();

  get size(): number {
    return this.#rumours.size;
  }

  /** `name` is what the item is about: it takes the place of an older one. */
  add(name: string, item: GossipItem<S>): void {
    this.#rumours.delete(name);
    this.#rumours.set(name, { item, told: 0 });
    if (this.#rumours.size <= WAITING_MAX) return;
    const [oldest] = this.#rumours.keys();
    if (oldest !== undefined) this.#rumours.delete(oldest);
  }

  /** What to tell now: the latest first. Each counts as told once more. */
  take(): GossipItem<S>[] {
    const chosen = [...this.#rumours].toReversed().slice(0, NEWS_MAX);
    for (const [name, rumour] of chosen) {
      rumour.told += 1;
      if (rumour.told >= NEWS_TELLINGS) this.#rumours.delete(name);
    }
    return chosen.map(([, { item }]) => item);
  }
}
