/** What an origin's operator and its askers were told, held against what is there after a crash. */
import { canonicalBytes, type OutcomeRecord, type Receipt } from "../../../protocol/index.ts";

/** A record by its content; undefined: not there. */
export type Content = string | undefined;

export function contentOf({ profile, intervention, result }: OutcomeRecord): string {
  return new TextDecoder().decode(canonicalBytes({ profile, intervention, result }));
}

/** Changes that were asked for together, and are to be there all or not at all. */
export interface Change {
  readonly records: ReadonlyMap<string, Content>;
  readonly by: "operator" | "load" | "source";
}

export class CrashLedger {
  readonly #records = new Map<string, Content>();
  /** How many deposits and withdrawals of a record the log is to have. */
  readonly logged = new Map<string, { deposits: number; withdrawals: number }>();
  readonly receipts: Receipt[] = [];
  #pending: Change[] = [];

  get ids(): string[] {
    return [...this.#records].flatMap(([id, content]) => (content === undefined ? [] : [id]));
  }

  contentOf(id: string): Content {
    return this.#records.get(id);
  }

  /** Asked for; not acknowledged yet. */
  begin(change: Change): void {
    this.#pending.push(change);
  }

  /** All that was asked for is acknowledged. */
  acknowledge(): void {
    for (const change of this.#pending) this.#apply(change);
    this.#pending = [];
  }

  /** Decides, by what is `stored`, what became of that which was not acknowledged; then says what is amiss. */
  settle(stored: ReadonlyMap<string, string>): string[] {
    const amiss: string[] = [];
    for (const change of this.#pending) {
      const moved = [...change.records].filter(
        ([id, content]) => content !== this.#records.get(id),
      );
      const done = moved.filter(([id, content]) => stored.get(id) === content);
      if (done.length > 0 && done.length < moved.length) {
        amiss.push(`a change of ${moved.length} records was done for ${done.length}`);
      }
      if (done.length > 0) this.#apply(change);
    }
    this.#pending = [];
    for (const [id, content] of this.#records) {
      if (stored.get(id) !== content) {
        amiss.push(
          `${id} is ${stored.get(id) ?? "not there"}, and was acknowledged as ${content ?? "withdrawn"}`,
        );
      }
    }
    for (const id of stored.keys()) if (!this.#records.has(id)) amiss.push(`${id} is from nowhere`);
    return amiss;
  }

  #apply({ records, by }: Change): void {
    for (const [id, content] of records) {
      const before = this.#records.get(id);
      this.#records.set(id, content);
      if (content === before) continue;
      const counts = this.logged.get(id) ?? { deposits: 0, withdrawals: 0 };
      this.logged.set(id, counts);
      if (content === undefined) counts.withdrawals += 1;
      else if (by === "operator") counts.deposits += 1;
    }
  }
}
