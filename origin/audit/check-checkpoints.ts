/** Checkpoints held against a log: each must be signed by the log's owner, and its root that of the tree then. */
import {
  parseJson,
  signedCheckpointSchema,
  toBase64Url,
  verifyCheckpoint,
  type MeshId,
  type PublicKey,
  type SignedCheckpoint,
} from "../../protocol/index.ts";
import type { FaultList } from "./report.ts";
import type { CheckpointRow } from "./tables.ts";

/** Whose log it is. */
export interface LogOwner {
  readonly mesh: MeshId;
  readonly key: PublicKey;
}

/** A checkpoint, and where it came from where that is not the log itself. */
export interface GivenCheckpoint {
  readonly signed: SignedCheckpoint;
  readonly from?: string;
}

export class CheckpointCheck {
  readonly #faults: FaultList;
  readonly #bySize = new Map<number, GivenCheckpoint[]>();
  #good = 0;
  #vouchedFor = 0;

  constructor(faults: FaultList) {
    this.#faults = faults;
  }

  /** How many held. */
  get good(): number {
    return this.#good;
  }

  get vouchedFor(): number {
    return this.#vouchedFor;
  }

  /** Takes in a kept checkpoint. */
  async addRow(row: CheckpointRow, owner: LogOwner): Promise<void> {
    const json = parseJson(row.document);
    const parsed = signedCheckpointSchema.safeParse(json.ok ? json.value : undefined);
    if (!parsed.success) {
      this.#faults.add("checkpoint", row.size, `checkpoint ${row.size} can not be read`);
    } else if (parsed.data.checkpoint.size !== row.size) {
      const claimed = parsed.data.checkpoint.size;
      const message = `checkpoint ${row.size} is one of ${claimed} entries: it was put in another's place`;
      this.#faults.add("checkpoint", row.size, message);
    } else {
      await this.add({ signed: parsed.data }, owner);
    }
  }

  async add(given: GivenCheckpoint, owner: LogOwner): Promise<void> {
    const { checkpoint } = given.signed;
    const { size } = checkpoint;
    if (checkpoint.key !== owner.key || checkpoint.mesh !== owner.mesh) {
      this.#fault(given, "is of another log: it names another key or mesh");
    } else if (!(await verifyCheckpoint(given.signed))) {
      this.#fault(given, "was changed: its signature does not hold");
    } else {
      this.#bySize.set(size, [...(this.#bySize.get(size) ?? []), given]);
    }
  }

  /** The log has this root at this size: those of that size hold, or do not. */
  reach(size: number, root: () => Uint8Array): void {
    const here = this.#bySize.get(size);
    if (!here) return;
    this.#bySize.delete(size);
    const actual = toBase64Url(root());
    for (const given of here) {
      if (given.signed.checkpoint.root === actual) {
        this.#good += 1;
        this.#vouchedFor = size;
        continue;
      }
      const range = `entries ${this.#vouchedFor} to ${size - 1}`;
      this.#fault(given, `does not hold: something in ${range} was changed after it was signed`);
    }
  }

  /** The log ended with `size` entries: what vouches for more tells of entries that are gone. */
  end(size: number): void {
    for (const given of [...this.#bySize.values()].flat()) {
      const vouched = given.signed.checkpoint.size;
      this.#fault(given, `vouches for ${vouched} entries, and the log has ${size}: it was cut`);
    }
  }

  #fault({ signed, from }: GivenCheckpoint, message: string): void {
    const { size } = signed.checkpoint;
    const name = from === undefined ? `checkpoint ${size}` : `the checkpoint of ${from}`;
    this.#faults.add("checkpoint", size, `${name} ${message}`);
  }
}
