/**
 * Verifies an origin's audit log in its database: that each entry is what the next one and the tree say it was,
 * that the tree's nodes follow from the entries, that every checkpoint holds, and that the records beside the
 * log are as many as it tells of. Says which entry is wrong, not only that one is.
 */
import {
  fromBase64Url,
  Frontier,
  leafHash,
  nodeCount,
  nodePosition,
  NO_PREVIOUS,
  toBase64Url,
  utf8Bytes,
  type AuditEntry,
} from "../../protocol/index.ts";
import { CheckpointCheck, type GivenCheckpoint, type LogOwner } from "./check-checkpoints.ts";
import { readEntry } from "./read-entry.ts";
import { RecordBalance } from "./record-balance.ts";
import { FaultList, type AuditReport } from "./report.ts";
import type { AuditTables, EntryRow } from "./tables.ts";

export interface VerifyOptions {
  readonly owner: LogOwner;
  /** Checkpoints from elsewhere, such as requesters' receipts: they must hold too. */
  readonly given?: readonly GivenCheckpoint[];
  /** How many records each domain has, where that is to be held against the log. */
  readonly records?: ReadonlyMap<string, number>;
  readonly onProgress?: (done: number, total: number) => void;
}

/** How often progress is told, in entries. */
const PROGRESS_ENTRIES = 1000;

interface Leaf {
  readonly index: number;
  readonly entry: AuditEntry | undefined;
  /** Of the document as it is. */
  readonly hash: string;
  /** As the tree has it. */
  readonly kept: string | undefined;
}

export async function verifyLog(
  tables: AuditTables,
  { owner, given = [], records, onProgress }: VerifyOptions,
): Promise<AuditReport> {
  const faults = new FaultList();
  const checkpoints = new CheckpointCheck(faults);
  for (const row of tables.checkpoints()) await checkpoints.addRow(row, owner);
  for (const one of given) await checkpoints.add(one, owner);
  const balance = new RecordBalance();
  const frontier = new Frontier();
  const total = tables.size();

  /** Settles what leaf to believe, now that the one after it is known, and lets the tree grow by it. */
  const settle = (leaf: Leaf, next: Leaf | undefined): void => {
    const { index, hash, kept } = leaf;
    const chained = next?.entry?.previous;
    if (hash !== kept && chained === hash) {
      faults.add("node", nodePosition(0, index), `the kept hash of entry ${index} was changed`);
    } else if (hash !== kept) {
      faults.add(
        "entry",
        index,
        `entry ${index} was changed: it has not the hash it was logged with`,
      );
    } else if (chained !== undefined && chained !== hash) {
      const message = `entry ${index + 1} does not name entry ${index} as the one before it`;
      faults.add("entry", index + 1, message);
    }
    const isKeptBelieved = kept !== undefined && chained !== hash;
    const nodes = frontier.add(fromBase64Url(isKeptBelieved ? kept : hash));
    for (const node of nodes.slice(1)) {
      const position = nodePosition(node.level, node.index);
      if (keptNode(tables, node.level, node.index) === toBase64Url(node.hash)) continue;
      faults.add(
        "node",
        position,
        `node ${node.index} of level ${node.level} does not follow from the entries`,
      );
    }
    checkpoints.reach(frontier.size, () => frontier.root());
  };

  let before: Leaf | undefined;
  for (const row of rowsWithGaps(tables, total)) {
    if (row.number < 0) {
      faults.add("entry", row.number, `entry ${row.number} stands before the log's beginning`);
      continue;
    }
    const leaf = readLeaf(tables, row, faults);
    if (leaf.entry) balance.add(leaf.entry);
    if (leaf.index === 0 && leaf.entry && leaf.entry.previous !== NO_PREVIOUS) {
      faults.add("entry", 0, "entry 0 names an entry before it: the log's beginning was cut off");
    }
    if (before) settle(before, leaf);
    before = leaf;
    if (leaf.index % PROGRESS_ENTRIES === 0) onProgress?.(leaf.index, total);
  }
  if (before) settle(before, undefined);
  onProgress?.(total, total);
  checkpoints.end(total);
  const surplus = tables.nodes() - nodeCount(total);
  if (surplus !== 0) {
    const message =
      surplus > 0
        ? `the tree has ${surplus} nodes more than its ${total} entries make: entries were taken away`
        : `the tree lacks ${-surplus} nodes`;
    faults.add("node", nodeCount(total), message);
  }
  // An entry that was changed tells of other numbers: that is its own fault, and not the records'.
  const isTrusted = faults.faults.every(({ at }) => at !== "entry");
  for (const message of records && isTrusted ? balance.differences(records) : []) {
    faults.add("records", undefined, message);
  }
  return {
    entries: total,
    checkpoints: checkpoints.good,
    vouchedFor: checkpoints.vouchedFor,
    faults: faults.faults,
    faultCount: faults.count,
  };
}

/** Every index up to `total`, also where its entry is gone. */
function* rowsWithGaps(
  tables: AuditTables,
  total: number,
): Generator<EntryRow | { readonly number: number; readonly document: undefined }> {
  let next = 0;
  for (const row of tables.entries(Number.MIN_SAFE_INTEGER, total)) {
    for (; next < row.number; next++) yield { number: next, document: undefined };
    yield row;
    next = Math.max(next, row.number + 1);
  }
}

function readLeaf(
  tables: AuditTables,
  { number, document }: { readonly number: number; readonly document: string | undefined },
  faults: FaultList,
): Leaf {
  const kept = keptNode(tables, 0, number);
  if (document === undefined) {
    faults.add("entry", number, `entry ${number} is gone`);
    // Its hash is all that is left of it.
    return { index: number, entry: undefined, hash: kept ?? NO_PREVIOUS, kept };
  }
  const hash = toBase64Url(leafHash(utf8Bytes(document)));
  const read = readEntry(document);
  if (!read.ok) {
    faults.add("entry", number, `entry ${number} can not be read: ${read.error}`);
    return { index: number, entry: undefined, hash, kept };
  }
  if (read.value.index !== number) {
    const message = `entry ${number} says that it is entry ${read.value.index}`;
    faults.add("entry", number, message);
  }
  return { index: number, entry: read.value, hash, kept };
}

function keptNode(tables: AuditTables, level: number, index: number): string | undefined {
  try {
    return toBase64Url(tables.node(level, index));
  } catch {
    return undefined;
  }
}
