/**
 * What a mesh has promised, as its users know it: which entries were acknowledged, which were withdrawn, and
 * how every query ended. Knows nothing of how the mesh works.
 */

/** Of one organisation's record of one case. */
export type EntryState =
  /** On its way, or answered without an acknowledgement: it may be found or not. */
  "unsure" | "acknowledged" | "withdrawn";

export interface QueryRecord {
  readonly asker: string;
  readonly deadlineMs: number;
  readonly milliseconds: number;
  /** `asker-down`: the organisation asked was itself brought down, and owes no answer. */
  readonly end: "answered" | "late" | "failed" | "asker-down";
  readonly detail: string;
}

/** What a check found amiss, by organisation asked and case. */
export interface Finding {
  readonly kind: "lost" | "resurrected";
  readonly asker: string;
  readonly caseNumber: number;
  readonly slugs: readonly string[];
}

export class Ledger {
  readonly #entries = new Map<number, Map<string, EntryState>>();
  /** What unsure entries become once their origin has nothing left to tell the mesh. */
  readonly #pending = new Map<string, { number: number; slug: string; state: EntryState }>();
  readonly #queries: QueryRecord[] = [];

  /** The origin has stored it and answered, but the mesh has not acknowledged it yet. */
  expect(number: number, slug: string, state: EntryState): void {
    this.#pending.set(`${number}/${slug}`, { number, slug, state });
  }

  /** An origin has nothing left to tell: all that it was told is now known to the mesh. */
  settle(slug: string): void {
    for (const [name, pending] of this.#pending) {
      if (pending.slug === slug) {
        this.set(pending.number, slug, pending.state);
        this.#pending.delete(name);
      }
    }
  }

  set(caseNumber: number, slug: string, state: EntryState): void {
    const ofCase = this.#entries.get(caseNumber) ?? new Map<string, EntryState>();
    this.#entries.set(caseNumber, ofCase.set(slug, state));
    this.#pending.delete(`${caseNumber}/${slug}`);
  }

  get cases(): readonly number[] {
    return [...this.#entries.keys()];
  }

  /** The organisations whose entry of the case is in `state`. */
  slugs(caseNumber: number, state: EntryState): string[] {
    return [...(this.#entries.get(caseNumber) ?? [])].flatMap(([slug, held]) =>
      held === state ? [slug] : [],
    );
  }

  count(state: EntryState): number {
    return this.cases.reduce((sum, number) => sum + this.slugs(number, state).length, 0);
  }

  /** What is wrong with the organisations `found` for a case by one asker. */
  judge(asker: string, caseNumber: number, found: ReadonlySet<string>): Finding[] {
    const lost = this.slugs(caseNumber, "acknowledged").filter((slug) => !found.has(slug));
    const resurrected = this.slugs(caseNumber, "withdrawn").filter((slug) => found.has(slug));
    return [
      ...(lost.length > 0 ? [{ kind: "lost", asker, caseNumber, slugs: lost } as const] : []),
      ...(resurrected.length > 0
        ? [{ kind: "resurrected", asker, caseNumber, slugs: resurrected } as const]
        : []),
    ];
  }

  note(query: QueryRecord): void {
    this.#queries.push(query);
  }

  get queries(): readonly QueryRecord[] {
    return this.#queries;
  }

  /** Queries that were owed an answer and did not get it in time. */
  get broken(): readonly QueryRecord[] {
    return this.#queries.filter(({ end }) => end === "late" || end === "failed");
  }
}
