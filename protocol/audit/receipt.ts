/**
 * Receipts: what an origin gives to the one who asked, so that it can not deny later what was asked and
 * answered, nor leave it out of its log. Verified without asking anyone.
 */
import { z } from "zod";
import { fromBase64Url } from "../bytes.ts";
import { hashSchema, nodeIdOf, type MeshId, type NodeId, type PublicKey } from "../ids.ts";
import { verifyInclusion } from "../merkle/index.ts";
import { signedCheckpointSchema, verifyCheckpoint } from "../signed/checkpoint.ts";
import { commitTo, entryHash, queryEntrySchema } from "./entry.ts";

/** A tree of 2^53 leaves has no longer proof, of inclusion or of consistency. */
const PROOF_MAX = 54;

export const proofSchema = z.array(hashSchema).max(PROOF_MAX);

export const receiptSchema = z.strictObject({
  /** As the log has it. */
  entry: queryEntrySchema,
  /** What the entry's commitments stand for, and the key that shows it. */
  opening: z.strictObject({
    key: hashSchema,
    /** The content digest of the query's body. */
    query: z.string().max(100),
    /** The digest of the answer without its receipt. */
    answer: hashSchema,
  }),
  /** That the entry is in the tree of the checkpoint: RFC 9162 section 2.1.3. */
  proof: proofSchema,
  checkpoint: signedCheckpointSchema,
});
export type Receipt = z.infer<typeof receiptSchema>;

/** Why a receipt proves nothing. */
export type ReceiptFault =
  /** The checkpoint's key is not sound, or did not sign it. */
  | "bad-signature"
  /** The entry is not in the log that the checkpoint is of. */
  | "not-included"
  /** The log has committed to another query or answer. */
  | "bad-opening";

/** What is wrong with a receipt by itself; undefined where the owner of its key can not deny its entry. */
export async function receiptFault(receipt: Receipt): Promise<ReceiptFault | undefined> {
  const { entry, opening, proof, checkpoint: signed } = receipt;
  if (!(await verifyCheckpoint(signed))) return "bad-signature";
  const { size, root } = signed.checkpoint;
  const claim = { index: entry.index, size, leaf: entryHash(entry) };
  if (!verifyInclusion(claim, proof.map(fromBase64Url), fromBase64Url(root))) {
    return "not-included";
  }
  const isOpened =
    commitTo(opening.key, opening.query) === entry.query &&
    commitTo(opening.key, opening.answer) === entry.answer;
  return isOpened ? undefined : "bad-opening";
}

/** What a requester knows of the answer that came with a receipt. */
export interface ReceiptContext {
  readonly mesh: MeshId;
  /** Of the origin that answered. */
  readonly key: PublicKey;
  /** In whose name the query was sent. */
  readonly asker: NodeId;
  readonly domain: string;
  /** The content digest of the body that was sent. */
  readonly query: string;
  /** `answerDigest` of what came. */
  readonly answer: string;
  /** Those of its results, in their order. */
  readonly references: readonly string[];
}

/** True if the receipt is of exactly this query and answer, by this origin. Rejects only for text that has no canonical form. */
export async function isReceiptFor(receipt: Receipt, context: ReceiptContext): Promise<boolean> {
  const { entry, opening, checkpoint: signed } = receipt;
  const { references } = entry.released;
  const isOurs =
    signed.checkpoint.mesh === context.mesh &&
    signed.checkpoint.key === context.key &&
    entry.asker === context.asker &&
    entry.domain === context.domain &&
    entry.decision.outcome !== "refused" &&
    opening.query === context.query &&
    opening.answer === context.answer &&
    references.length === context.references.length &&
    references.every((reference, i) => reference === context.references[i]);
  return isOurs && (await receiptFault(receipt)) === undefined;
}

/** The node whose receipt it is. */
export function receiptNode({ checkpoint: { checkpoint } }: Receipt): NodeId {
  return nodeIdOf(checkpoint.key);
}
