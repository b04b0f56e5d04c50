/** How many records each domain has by the log: what came, less what went. */
import type { AuditEntry } from "../../protocol/index.ts";

export class RecordBalance {
  readonly #records = new Map<string, number>();

  add(entry: AuditEntry): void {
    switch (entry.kind) {
      case "begin":
        for (const { domain, count } of entry.records) this.#change(domain, count);
        return;
      case "load":
        return this.#change(entry.domain, entry.loaded);
      case "deposit":
        return this.#change(entry.domain, entry.change === "loaded" ? 1 : 0);
      case "withdraw":
        return this.#change(entry.domain, -1);
      case "query":
      case "start":
        return undefined;
    }
  }

  /** In words, where the database has another number than the log tells of. */
  differences(actual: ReadonlyMap<string, number>): string[] {
    const domains = new Set([...this.#records.keys(), ...actual.keys()]);
    return [...domains].flatMap((domain) => {
      const logged = this.#records.get(domain) ?? 0;
      const stored = actual.get(domain) ?? 0;
      if (logged === stored) return [];
      return [
        `domain ${domain} has ${stored} records, and by the log ${logged}: records were changed past it`,
      ];
    });
  }

  #change(domain: string, by: number): void {
    this.#records.set(domain, (this.#records.get(domain) ?? 0) + by);
  }
}
