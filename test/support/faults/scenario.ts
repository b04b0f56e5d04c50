/** One fault after another on one mesh, each followed by the same checks; and the table of what was found. */
import { formatTable } from "../../../client/cli/table.ts";
import type { FaultMesh } from "./fault-mesh.ts";
import type { Finding, QueryRecord } from "./ledger.ts";
import { repairRound } from "./repair.ts";
import type { Workload } from "./workload.ts";

/** Full recall is promised after so many rounds of repair at every node. */
export const ROUNDS_MAX = 3;

export interface Fault {
  readonly name: string;
  /** Brings the fault about; the function returned ends it. */
  readonly inject: () => Promise<() => Promise<void>>;
  /** How many single faults that is. */
  readonly count: number;
  /** Organisations that can not be asked while it lasts, though they are up. */
  readonly unsound?: readonly string[];
}

/** What went wrong; all empty where the mesh kept what it promised. */
export interface Report {
  /** Acknowledged, and not found while the fault lasted. */
  readonly lostUnderFault: readonly Finding[];
  /** Lost or resurrected, after `ROUNDS_MAX` rounds of repair. */
  readonly amiss: readonly Finding[];
  /** Queries that were not answered within their deadline. */
  readonly broken: readonly QueryRecord[];
}

interface Row {
  readonly name: string;
  readonly faults: number;
  readonly entriesChecked: number;
  readonly queries: number;
  readonly rounds: number;
  readonly seconds: number;
}

export class Scenarios {
  readonly #mesh: FaultMesh;
  readonly #workload: Workload;
  readonly #rows: Row[] = [];
  /** Of organisations that are asked about every case while a fault lasts. */
  readonly #askersUnderFault: number;
  #checked = 0;

  constructor(mesh: FaultMesh, workload: Workload, askersUnderFault: number) {
    this.#mesh = mesh;
    this.#workload = workload;
    this.#askersUnderFault = askersUnderFault;
  }

  /**
   * Brings a fault about while entries are published and queries run, and reports where the mesh did not keep
   * what it promises: nothing acknowledged is lost, nothing withdrawn comes back, every query is answered in
   * time, and after the fault every organisation finds everything within `ROUNDS_MAX` rounds of repair.
   */
  async run({ name, inject, count, unsound = [] }: Fault): Promise<Report> {
    const workload = this.#workload;
    const { ledger } = workload;
    const startedAt = performance.now();
    const before = { checked: this.#checked, queries: ledger.queries.length };
    const broken = ledger.broken.length;

    const end = await inject();
    let underFault: readonly Finding[];
    try {
      await workload.churn();
      const askers = workload.live.filter((slug) => !unsound.includes(slug));
      const asked = askers.slice(0, this.#askersUnderFault);
      // While a fault lasts, a replica may not have heard of a withdrawal; what was acknowledged is found.
      underFault = await this.#check(asked);
    } finally {
      await end();
    }
    const { rounds, amiss } = await this.#untilWhole();

    this.#rows.push({
      name,
      faults: count,
      entriesChecked: this.#checked - before.checked,
      queries: ledger.queries.length - before.queries,
      rounds,
      seconds: (performance.now() - startedAt) / 1000,
    });
    return {
      lostUnderFault: underFault.filter(({ kind }) => kind === "lost"),
      amiss,
      broken: ledger.broken.slice(broken),
    };
  }

  /** Rounds of repair until every organisation finds everything; at least one, as repair must not revive anything. */
  async #untilWhole(): Promise<{ rounds: number; amiss: readonly Finding[] }> {
    const { live } = this.#workload;
    for (let rounds = 1; ; rounds++) {
      await repairRound(this.#mesh, live);
      await this.#workload.settle();
      const amiss = await this.#check(live);
      if (amiss.length === 0 || rounds === ROUNDS_MAX) return { rounds, amiss };
    }
  }

  async #check(askers: readonly string[]): Promise<Finding[]> {
    const { ledger } = this.#workload;
    const findings = await this.#workload.check(askers);
    this.#checked += askers.length * (ledger.count("acknowledged") + ledger.count("withdrawn"));
    return findings;
  }

  /** What was done, and what it took. */
  get table(): string {
    return formatTable(
      ["fault", "injected", "entries checked", "queries", "repair rounds", "seconds"],
      this.#rows.map((row) => [
        row.name,
        String(row.faults),
        String(row.entriesChecked),
        String(row.queries),
        String(row.rounds),
        row.seconds.toFixed(1),
      ]),
    );
  }
}
