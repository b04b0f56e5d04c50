/**
 * A round of repair: what other replicas have that is newer is fetched from them; what is kept here for others is
 * brought to them. Whoever answers is believed nothing: what comes is verified as if it had been published.
 */
import {
  BATCH_MAX_ENTRIES,
  callPeer,
  combineDigests,
  decodeItems,
  decodeSlotDigests,
  decodeSlots,
  digestsResponseSchema,
  EMPTY_DIGEST,
  encodeDigest,
  encodeSlotKeys,
  encodeSlots,
  entriesResponseSchema,
  equalDigests,
  fromBase64Url,
  itemsResponseSchema,
  newerItems,
  REPAIR_RESPONSE_MAX_BYTES,
  utf8Bytes,
  type Caller,
  type Digest,
  type DigestsRequest,
  type Holdings,
  type ItemTable,
  type Member,
  type Reconciliation,
  type SlotItem,
  type SlotRange,
} from "../../protocol/index.ts";
import type { z } from "zod";

/** Slots whose items are fetched together. */
const SLOTS_AT_ONCE = 256;
/** A peer that answers at all does so in much less. */
const TIMEOUT_MS = 10_000;

/** What one alarm may do. It counts down. */
export interface Budget {
  requests: number;
  /** Statements fetched or brought. */
  rows: number;
}

export interface RoundSite {
  readonly caller: Caller;
  readonly range: SlotRange;
  readonly holdings: Holdings;
  readonly items: ItemTable;
  readonly budget: Budget;
  /** Verifies and stores. False if something of it may be good, and could not be taken yet. */
  take(from: Member, statements: readonly Uint8Array[]): Promise<boolean>;
  /** Brings what is held of `items` to `to`: returns those that it has not, though it should. */
  bring(to: Member, items: readonly SlotItem[]): Promise<readonly SlotItem[]>;
}

/**
 * `partly`: something that the peer has could not be taken yet. `failed`: it did not answer as it should.
 * `unfinished`: the budget is used up.
 */
export type PeerRound = "done" | "partly" | "failed" | "unfinished";

type Step<T> = T | "failed" | "unfinished";

/** Does what there is to do with one peer. */
export async function reconcileWith(
  site: RoundSite,
  peer: Member,
  work: Reconciliation,
): Promise<PeerRound> {
  let isPartly = false;
  for (const step of [pullPending, handOff, pullShared]) {
    const outcome = await step(site, peer, work);
    if (outcome === "failed" || outcome === "unfinished") return outcome;
    isPartly ||= outcome === "partly";
  }
  return isPartly ? "partly" : "done";
}

async function pullPending(
  site: RoundSite,
  peer: Member,
  { pending }: Reconciliation,
): Promise<PeerRound> {
  if (pending.length === 0) return "done";
  const { version } = site.holdings;
  const theirs = await askDigests(site, peer, { of: "slots", slots: encodeSlots(pending) });
  if (typeof theirs === "string") return theirs;
  const outcome = await pull(site, peer, differing(site.items, theirs.digests));
  if (outcome !== "done") return outcome;
  // The placement may have changed while we waited: then this says nothing of the slots as they are now.
  if (site.holdings.version !== version) return "done";
  const doubtful = new Set([...theirs.unheld, ...theirs.incomplete]);
  for (const slot of pending) site.holdings.confirm(slot, peer.node, !doubtful.has(slot));
  return "done";
}

async function pullShared(
  site: RoundSite,
  peer: Member,
  { shared }: Reconciliation,
): Promise<PeerRound> {
  if (shared.length === 0) return "done";
  const { from, to } = site.range;
  const combined = encodeDigest(combineDigests(digestsIn(site.items, shared)));
  const theirs = await askDigests(site, peer, { of: "shared", from, to, combined });
  if (typeof theirs === "string") return theirs;
  const ours = new Set(shared);
  const slots = differing(site.items, theirs.digests).filter((slot) => ours.has(slot));
  return pull(site, peer, slots);
}

/** Fetches what `peer` has in `slots` that is newer than what is here. */
async function pull(site: RoundSite, peer: Member, slots: readonly number[]): Promise<PeerRound> {
  let isPartly = false;
  for (let from = 0; from < slots.length; from += SLOTS_AT_ONCE) {
    const some = slots.slice(from, from + SLOTS_AT_ONCE);
    let after: SlotItem | undefined;
    do {
      const page = await askItems(site, peer, some, after);
      if (typeof page === "string") return page;
      const outcome = await fetchNewer(site, peer, page.items);
      if (outcome === "failed" || outcome === "unfinished") return outcome;
      isPartly ||= outcome === "partly";
      after = page.hasMore ? page.items.at(-1) : undefined;
    } while (after);
  }
  return isPartly ? "partly" : "done";
}

async function fetchNewer(
  site: RoundSite,
  peer: Member,
  items: readonly SlotItem[],
): Promise<PeerRound> {
  const slotOf = new Map(items.map(({ key, slot }) => [key.join(), slot]));
  const wanted = newerItems(site.items, items);
  let isPartly = false;
  for (let from = 0; from < wanted.length; from += BATCH_MAX_ENTRIES) {
    const batch = wanted.slice(from, from + BATCH_MAX_ENTRIES);
    if (site.budget.rows <= 0) return "unfinished";
    site.budget.rows -= batch.length;
    const keys = batch.map(({ key }) => ({ slot: slotOf.get(key.join()) ?? 0, key }));
    const request = { items: encodeSlotKeys(keys) };
    const answer = await ask(site, peer, "/v1/peer/repair/entries", request, entriesResponseSchema);
    if (typeof answer === "string") return answer;
    isPartly ||= !(await site.take(peer, answer.statements.map(bytesOf)));
  }
  return isPartly ? "partly" : "done";
}

/** Brings `peer` what is here in slots that it holds now, and this node no more. */
async function handOff(
  site: RoundSite,
  peer: Member,
  { handingOff }: Reconciliation,
): Promise<PeerRound> {
  if (handingOff.length === 0) return "done";
  const { version } = site.holdings;
  const theirs = await askDigests(site, peer, { of: "slots", slots: encodeSlots(handingOff) });
  if (typeof theirs === "string") return theirs;
  const unheld = new Set(theirs.unheld);
  const held = handingOff.filter((slot) => !unheld.has(slot));
  const acknowledge = (slots: readonly number[]): void => {
    if (site.holdings.version !== version) return;
    for (const slot of slots) site.holdings.acknowledge(slot, peer.node);
  };
  const isEqual = (slot: number): boolean =>
    equalDigests(
      theirs.digests.get(slot) ?? EMPTY_DIGEST,
      site.items.digestOf(slot) ?? EMPTY_DIGEST,
    );
  acknowledge(held.filter(isEqual));
  const unequal = held.filter((slot) => !isEqual(slot));
  for (let from = 0; from < unequal.length; from += SLOTS_AT_ONCE) {
    const slots = unequal.slice(from, from + SLOTS_AT_ONCE);
    const lacking = await lackedBy(site, peer, slots);
    if (typeof lacking === "string") return lacking;
    const refused = new Set<number>();
    for (let at = 0; at < lacking.length; at += BATCH_MAX_ENTRIES) {
      const batch = lacking.slice(at, at + BATCH_MAX_ENTRIES);
      if (site.budget.rows <= 0 || site.budget.requests <= 0) return "unfinished";
      site.budget.rows -= batch.length;
      for (const { slot } of await site.bring(peer, batch)) refused.add(slot);
    }
    acknowledge(slots.filter((slot) => !refused.has(slot)));
  }
  return "done";
}

/** What is here in `slots` and not, or only older, at `peer`. */
async function lackedBy(
  site: RoundSite,
  peer: Member,
  slots: readonly number[],
): Promise<Step<SlotItem[]>> {
  const theirs = new Map<string, SlotItem>();
  let after: SlotItem | undefined;
  do {
    const page = await askItems(site, peer, slots, after);
    if (typeof page === "string") return page;
    for (const item of page.items) theirs.set(nameOf(item), item);
    after = page.hasMore ? page.items.at(-1) : undefined;
  } while (after);
  return [...site.items.itemsIn(new Set(slots))].filter((item) => {
    const held = theirs.get(nameOf(item));
    return newerItems({ get: () => held }, [item]).length > 0;
  });
}

function nameOf({ slot, key }: SlotItem): string {
  return `${slot}/${key.join()}`;
}

interface TheirDigests {
  readonly digests: ReadonlyMap<number, Digest>;
  readonly unheld: readonly number[];
  readonly incomplete: readonly number[];
}

async function askDigests(
  site: RoundSite,
  peer: Member,
  request: DigestsRequest,
): Promise<Step<TheirDigests>> {
  const path = "/v1/peer/repair/digests";
  const answer = await ask(site, peer, path, request, digestsResponseSchema);
  if (typeof answer === "string") return answer;
  return {
    digests: decodeSlotDigests(answer.digests),
    unheld: decodeSlots(answer.unheld),
    incomplete: decodeSlots(answer.incomplete),
  };
}

async function askItems(
  site: RoundSite,
  peer: Member,
  slots: readonly number[],
  after: SlotItem | undefined,
): Promise<Step<{ readonly items: readonly SlotItem[]; readonly hasMore: boolean }>> {
  const request = {
    slots: encodeSlots(slots),
    ...(after && { after: encodeSlotKeys([after]) }),
  };
  const answer = await ask(site, peer, "/v1/peer/repair/items", request, itemsResponseSchema);
  if (typeof answer === "string") return answer;
  return { items: decodeItems(answer.items), hasMore: answer.hasMore };
}

async function ask<T>(
  { caller, budget }: RoundSite,
  peer: Member,
  path: string,
  request: unknown,
  schema: z.ZodType<T>,
): Promise<Step<T>> {
  if (budget.requests <= 0) return "unfinished";
  budget.requests -= 1;
  const { result } = await callPeer(
    caller,
    peer,
    {
      method: "POST",
      path,
      body: utf8Bytes(JSON.stringify(request)),
      maxBytes: REPAIR_RESPONSE_MAX_BYTES,
      timeoutMs: TIMEOUT_MS,
    },
    schema,
  );
  return result.ok ? result.value : "failed";
}

/** The slots of `theirs` that differ from ours. */
function differing(items: ItemTable, theirs: ReadonlyMap<number, Digest>): number[] {
  return [...theirs]
    .filter(([slot, digest]) => !equalDigests(digest, items.digestOf(slot) ?? EMPTY_DIGEST))
    .map(([slot]) => slot);
}

/** The digests of those of `slots` that hold something. */
export function digestsIn(items: ItemTable, slots: Iterable<number>): [number, Digest][] {
  const found: [number, Digest][] = [];
  for (const slot of slots) {
    const digest = items.digestOf(slot);
    if (digest) found.push([slot, digest]);
  }
  return found;
}

function bytesOf(text: string): Uint8Array {
  try {
    return fromBase64Url(text);
  } catch {
    return new Uint8Array();
  }
}
