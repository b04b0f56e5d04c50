/**
 * The one door of this node's shards: every entry and tombstone is verified here before a shard stores it, whoever
 * brings it and however it came.
 */
import {
  decodeEntry,
  entryKeyOf,
  err,
  isTombstone,
  ok,
  slotsOf,
  verifyEntry,
  type Entry,
  type MembershipView,
  type RefusalReason,
  type Result,
} from "../protocol/index.ts";
import { knownDomain } from "./domain-cache.ts";
import type { Env } from "./env.ts";
import type { StoredEntry } from "./routing-shard-store.ts";

export type StatementKind = "entry" | "tombstone";

export interface AcceptOptions {
  readonly env: Env;
  readonly view: MembershipView;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Of this kind, or else of any. */
  readonly kind?: StatementKind;
  /** True for the slots in which it is taken. */
  readonly isOurs: (slot: number) => boolean;
}

/** A statement that its node signed, of a live member and its epoch, in a slot of ours. */
export interface AcceptedStatement extends StoredEntry {
  readonly entry: Entry;
  /** Those that are ours, each once. */
  readonly slots: readonly number[];
}

export async function acceptStatement(
  statement: Uint8Array,
  { env, view, now, kind, isOurs }: AcceptOptions,
): Promise<Result<AcceptedStatement, RefusalReason>> {
  const decoded = decodeEntry(statement);
  if (!decoded.ok) return err("malformed");
  const entry = decoded.value;
  if (kind !== undefined && isTombstone(entry) !== (kind === "tombstone")) return err("wrong-kind");
  const publisher = view.live(entry.node, now);
  if (!publisher) return err("wrong-node");
  if (publisher.epoch !== entry.epoch) return err("wrong-epoch");
  const domain = await knownDomain(env, entry.domain);
  if (!domain) return err("unknown-domain");
  if (entry.signature.length !== domain.plan.symbols) return err("wrong-size");
  const slots = slotsOf(domain.plan, entry.signature).filter((slot) => slot !== undefined);
  const ours = [...new Set(slots)].filter(isOurs);
  if (ours.length === 0) return err("misdirected");
  // Last, because it costs the most.
  if (!(await verifyEntry(statement, entry, view.mesh, publisher.key))) return err("bad-signature");
  const key = entryKeyOf(entry.node, entry.domain, entry.signature);
  return ok({ key, epoch: entry.epoch, seq: entry.seq, statement, entry, slots: ours });
}
