/** Everything that did not go well in a soak, and whether what was done to the mesh just then explains it. */

/** A node that was restarted refuses for some seconds what it may have taken before (P-48), and its peers leave out for 10 s one that failed. */
const GRACE_MS = 20_000;
/** Of each kind of unexplained error, so many are kept in full. */
const EXAMPLES = 5;

export interface Unexplained {
  readonly what: string;
  count: number;
  readonly examples: string[];
}

export class Incidents {
  /** By organisation: until when it owes nothing. Infinity while it is cut off. */
  readonly #excusedUntil = new Map<string, number>();
  readonly #explained = new Map<string, number>();
  readonly #unexplained = new Map<string, Unexplained>();

  /** From now on the organisation is cut off; the function returned says that it no longer is. */
  excuse(slug: string): () => void {
    this.#excusedUntil.set(slug, Infinity);
    return () => void this.#excusedUntil.set(slug, Date.now() + GRACE_MS);
  }

  /** Whether one of them was cut off at any time since `since`, or just before. */
  isExcused(slugs: readonly string[], since: number): boolean {
    return slugs.some((slug) => (this.#excusedUntil.get(slug) ?? 0) >= since);
  }

  explained(what: string): void {
    this.#explained.set(what, (this.#explained.get(what) ?? 0) + 1);
  }

  unexplained(what: string, detail: string): void {
    const found = this.#unexplained.get(what) ?? { what, count: 0, examples: [] };
    found.count += 1;
    if (found.examples.length < EXAMPLES) found.examples.push(detail.slice(0, 500));
    this.#unexplained.set(what, found);
  }

  /** What went wrong at organisations of which `slugs` took part, since `since`. */
  judge(what: string, { slugs, since, detail }: Circumstances): void {
    if (this.isExcused(slugs, since)) this.explained(`${what} (cut off)`);
    else this.unexplained(what, detail);
  }

  report(): { explained: Record<string, number>; unexplained: Unexplained[] } {
    return {
      explained: Object.fromEntries(this.#explained),
      unexplained: [...this.#unexplained.values()],
    };
  }
}

interface Circumstances {
  readonly slugs: readonly string[];
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly detail: string;
}
