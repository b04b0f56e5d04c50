/** Receipts of a log with a single entry, as an origin gives them. */
import {
  answerDigest,
  commitTo,
  entryHash,
  NO_PREVIOUS,
  signCheckpoint,
  toBase64Url,
  type Answer,
  type Identity,
  type MeshId,
  type NodeId,
  type QueryEntry,
  type Receipt,
} from "../../protocol/index.ts";

export interface ReceiptOptions {
  /** The origin. */
  readonly identity: Identity;
  readonly mesh: MeshId;
  readonly asker: NodeId;
  /** What the origin logs otherwise than it was. */
  readonly changes?: Partial<QueryEntry>;
}

/** A good receipt of `answer`, but for the `changes`. */
export async function receiptOf(
  answer: Answer,
  { identity, mesh, asker, changes = {} }: ReceiptOptions,
): Promise<Receipt> {
  const key = toBase64Url(new Uint8Array(32).fill(7));
  const opening = { key, query: answer.query, answer: answerDigest(answer) };
  const entry: QueryEntry = {
    version: 1,
    index: 0,
    previous: NO_PREVIOUS,
    at: answer.answeredAt,
    kind: "query",
    asker,
    domain: answer.domain,
    query: commitTo(key, opening.query),
    decision: { outcome: "released", reasons: [] },
    released: {
      count: answer.results.length,
      references: answer.results.map(({ reference }) => reference),
    },
    answer: commitTo(key, opening.answer),
    ...changes,
  };
  const head = { size: 1, root: entryHash(entry), signedAt: answer.answeredAt };
  return { entry, opening, proof: [], checkpoint: await signCheckpoint(identity, mesh, head) };
}
