/** What a verification of an audit log found. */

export interface AuditFault {
  /** What is wrong: an entry, a node of the tree, a checkpoint, or the records beside the log. */
  readonly at: "entry" | "node" | "checkpoint" | "records";
  /** The entry's index, the node's position, the checkpoint's size; absent for records. */
  readonly index?: number;
  readonly message: string;
}

export interface AuditReport {
  /** Entries that were read. */
  readonly entries: number;
  /** Checkpoints that hold. */
  readonly checkpoints: number;
  /** Entries that a checkpoint vouches for: those after them could be taken away without trace. */
  readonly vouchedFor: number;
  /** In the order of the log; the first thousand. */
  readonly faults: readonly AuditFault[];
  /** Of all faults. */
  readonly faultCount: number;
}

/** A log that was rewritten has a fault an entry: no one reads more than this. */
const FAULTS_MAX = 1000;

/** Gathers faults. */
export class FaultList {
  readonly #faults: AuditFault[] = [];
  #count = 0;

  get faults(): readonly AuditFault[] {
    return this.#faults.toSorted((a, b) => (a.index ?? Infinity) - (b.index ?? Infinity));
  }

  get count(): number {
    return this.#count;
  }

  add(at: AuditFault["at"], index: number | undefined, message: string): void {
    this.#count += 1;
    if (this.#faults.length >= FAULTS_MAX) return;
    this.#faults.push({ at, ...(index !== undefined && { index }), message });
  }
}
