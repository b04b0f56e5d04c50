/** Everything that did not go well in a soak, and whether what was done to the mesh just then explains it. */

/** What a drop takes away: an origin's link to its Worker, or a Worker, which serves requesters and keeps entries. */
export type Part = "link" | "worker";

/**
 * How long after it is there again a part may still be the cause. link: the origin says that it is connected, and its
 * Worker may not know yet. worker: it refuses for some seconds what it may have taken before it was killed (P-48), and
 * its peers leave out for 10 s one that failed.
 */
const GRACE_MS: Record<Part, number> = { link: 2_000, worker: 20_000 };
/** Of each kind of unexplained error, so many are kept in full. */
const EXAMPLES = 5;

export interface Unexplained {
  readonly what: string;
  count: number;
  readonly examples: string[];
}

export class Incidents {
  /** By part and organisation: until when it owes nothing. Infinity while it is away. */
  readonly #excusedUntil = new Map<string, number>();
  readonly #expected = new Map<string, number>();
  readonly #explained = new Map<string, number>();
  readonly #unexplained = new Map<string, Unexplained>();

  /** From now on the part is away; the function returned says that it no longer is. */
  excuse(part: Part, slug: string): () => void {
    const name = nameOf(part, slug);
    this.#excusedUntil.set(name, Infinity);
    return () => void this.#excusedUntil.set(name, Date.now() + GRACE_MS[part]);
  }

  /** What policy is there to refuse: no failure, and to be seen in the report. */
  expected(what: string): void {
    this.#expected.set(what, (this.#expected.get(what) ?? 0) + 1);
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

  /** What went wrong between `since` and now; explained where a part that it hangs on was away, or just back, meanwhile. */
  judge(what: string, { causes, since, detail }: Circumstances): void {
    const cause = causes.find(
      ([part, slug]) => (this.#excusedUntil.get(nameOf(part, slug)) ?? 0) >= since,
    );
    if (cause) this.explained(`${what} (${cause[0]} of ${cause[1]} away)`);
    else this.unexplained(what, detail);
  }

  report(): Record<"expected" | "explained", Record<string, number>> & {
    unexplained: Unexplained[];
  } {
    return {
      expected: Object.fromEntries(this.#expected),
      explained: Object.fromEntries(this.#explained),
      unexplained: [...this.#unexplained.values()],
    };
  }
}

function nameOf(part: Part, slug: string): string {
  return `${part} of ${slug}`;
}

interface Circumstances {
  /** The parts whose absence would have done this. */
  readonly causes: readonly (readonly [Part, string])[];
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly detail: string;
}
