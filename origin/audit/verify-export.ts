/** Verifies an export of an audit log by itself: by its lines, and by no one's word. */
import {
  entryHash,
  fromBase64Url,
  Frontier,
  NO_PREVIOUS,
  parseJson,
  toBase64Url,
  verifyCheckpoint,
  verifyConsistency,
  verifyInclusion,
  type Checkpoint,
  type SignedCheckpoint,
} from "../../protocol/index.ts";
import { CheckpointCheck, type GivenCheckpoint } from "./check-checkpoints.ts";
import { exportLineSchema, type ExportLine } from "./export-log.ts";
import { FaultList, type AuditReport } from "./report.ts";

export interface ExportReport extends AuditReport {
  /** Whose log it is, and what of it was signed when it was exported. */
  readonly checkpoint: Checkpoint;
  /** True if all entries of the log are in the export. */
  readonly isComplete: boolean;
}

/** Why a file is no export at all. */
export class NoExportError extends Error {}

/** `given` are checkpoints from elsewhere, such as receipts'. Throws a `NoExportError`. */
export async function verifyExport(
  lines: AsyncIterable<string>,
  given: readonly GivenCheckpoint[] = [],
): Promise<ExportReport> {
  const faults = new FaultList();
  const others = new CheckpointCheck(faults);
  const frontier = new Frontier();
  let head: Checkpoint | undefined;
  let last: { readonly index: number; readonly hash: string } | undefined;
  let entries = 0;
  let checkpoints = 0;
  let number = 0;
  for await (const text of lines) {
    number += 1;
    if (text.trim() === "") continue;
    const line = readLine(text, number);
    if (!head) {
      head = await readHead(line, faults);
      for (const one of given) await others.add(one, head);
      continue;
    }
    if (line.type === "audit-log") throw new NoExportError(`line ${number} begins another log`);
    if (line.type === "checkpoint") {
      if (await isEarlier(line.checkpoint, line.proof, head)) checkpoints += 1;
      else {
        const { size } = line.checkpoint.checkpoint;
        faults.add("checkpoint", size, `checkpoint ${size} does not hold: the log was rewritten`);
      }
      continue;
    }
    const { entry } = line;
    const { index, previous } = entry;
    const hash = entryHash(entry);
    entries += 1;
    const claim = { index, size: head.size, leaf: hash };
    const isProven = verifyInclusion(
      claim,
      line.proof.map(fromBase64Url),
      fromBase64Url(head.root),
    );
    if (!isProven) faults.add("entry", index, `entry ${index} is not the one that was logged`);
    const before = index === 0 ? NO_PREVIOUS : last?.index === index - 1 ? last.hash : previous;
    if (previous !== before) {
      const message = `entry ${index} does not name entry ${index - 1} as the one before it`;
      faults.add("entry", index, message);
    }
    if (last && index <= last.index) faults.add("entry", index, `entry ${index} is out of order`);
    last = { index, hash: toBase64Url(hash) };
    if (index === frontier.size) {
      frontier.add(hash);
      others.reach(frontier.size, () => frontier.root());
    }
  }
  if (!head) throw new NoExportError("it has no line");
  const isComplete = frontier.size === head.size;
  if (isComplete) others.end(head.size);
  else if (given.length > others.good) {
    throw new NoExportError("it is a part of a log, with which no receipt can be compared");
  }
  return {
    checkpoint: head,
    isComplete,
    entries,
    checkpoints: checkpoints + others.good,
    vouchedFor: head.size,
    faults: faults.faults,
    faultCount: faults.count,
  };
}

function readLine(text: string, number: number): ExportLine {
  const json = parseJson(text);
  const line = exportLineSchema.safeParse(json.ok ? json.value : undefined);
  if (line.success) return line.data;
  throw new NoExportError(`line ${number} is none of an export`);
}

async function readHead(line: ExportLine, faults: FaultList): Promise<Checkpoint> {
  if (line.type !== "audit-log") throw new NoExportError("its first line is not an export's");
  const { checkpoint } = line.checkpoint;
  if (!(await verifyCheckpoint(line.checkpoint))) {
    const message = "the checkpoint of the export was changed: its signature does not hold";
    faults.add("checkpoint", checkpoint.size, message);
  }
  return checkpoint;
}

/** True if the log's owner signed `signed`, and the log of `head` began with what it is of. */
async function isEarlier(
  signed: SignedCheckpoint,
  proof: readonly string[],
  head: Checkpoint,
): Promise<boolean> {
  const { key, mesh, size, root } = signed.checkpoint;
  if (key !== head.key || mesh !== head.mesh || !(await verifyCheckpoint(signed))) return false;
  return verifyConsistency(
    { size, root: fromBase64Url(root) },
    { size: head.size, root: fromBase64Url(head.root) },
    proof.map(fromBase64Url),
  );
}
