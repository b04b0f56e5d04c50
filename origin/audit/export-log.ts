/**
 * An audit log, or a part of it, as lines of NDJSON that can be verified without the origin: a signed checkpoint
 * first; then each entry, with the proof that it is in the checkpoint's tree; then the checkpoints that were
 * kept, each with the proof that the log has only grown since.
 */
import { z } from "zod";
import {
  auditEntrySchema,
  consistencyProof,
  inclusionProof,
  parseJson,
  proofSchema,
  rootOf,
  signCheckpoint,
  signedCheckpointSchema,
  toBase64Url,
  type Identity,
  type MeshId,
} from "../../protocol/index.ts";
import { readEntry } from "./read-entry.ts";
import type { AuditTables } from "./tables.ts";

export const exportLineSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("audit-log"),
    version: z.literal(1),
    /** Of the whole log when it was exported. */
    checkpoint: signedCheckpointSchema,
  }),
  z.strictObject({ type: z.literal("entry"), entry: auditEntrySchema, proof: proofSchema }),
  z.strictObject({
    type: z.literal("checkpoint"),
    checkpoint: signedCheckpointSchema,
    proof: proofSchema,
  }),
]);
export type ExportLine = z.infer<typeof exportLineSchema>;

export interface ExportOptions {
  readonly identity: Identity;
  readonly mesh: MeshId;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Entries from this index up to that one; by default all. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly onProgress?: (done: number, total: number) => void;
}

/** An entry, or the tree over it, is not what was logged: nothing that is exported from there would verify. */
export class BrokenLogError extends Error {}

/** Throws a `BrokenLogError`. */
export async function* exportLog(
  tables: AuditTables,
  { identity, mesh, now, from = 0, to = Infinity, onProgress }: ExportOptions,
): AsyncGenerator<ExportLine, void> {
  const size = tables.size();
  const end = Math.min(to, size);
  const head = { size, root: rootOf(size, tables.node), signedAt: now };
  const checkpoint = await signCheckpoint(identity, mesh, head);
  yield { type: "audit-log", version: 1, checkpoint };
  for (const { number, document } of tables.entries(from, end)) {
    const entry = readEntry(document);
    if (!entry.ok) throw new BrokenLogError(`entry ${number} can not be read: ${entry.error}`);
    const proof = inclusionProof(number, size, tables.node).map(toBase64Url);
    yield { type: "entry", entry: entry.value, proof };
    onProgress?.(number - from + 1, end - from);
  }
  for (const { size: earlier, document } of tables.checkpoints()) {
    const json = parseJson(document);
    const kept = signedCheckpointSchema.safeParse(json.ok ? json.value : undefined);
    if (!kept.success) throw new BrokenLogError(`checkpoint ${earlier} can not be read`);
    if (earlier < 1 || earlier > size) {
      throw new BrokenLogError(`checkpoint ${earlier} is of no tree that the log of ${size} had`);
    }
    const proof = consistencyProof(earlier, size, tables.node).map(toBase64Url);
    yield { type: "checkpoint", checkpoint: kept.data, proof };
  }
}
