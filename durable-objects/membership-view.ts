/** The isolate's copy of the membership: built once a version, shared by the Worker and its shards. */
import { createView, type MembershipView } from "../protocol/index.ts";
import type { Env } from "./env.ts";
import { membershipStub } from "./stubs.ts";

/** How old the copy may be: a renewed or new descriptor is seen everywhere in this time. */
const REFRESH_MS = 30_000;

let cached: { readonly view: MembershipView | undefined; readonly readAt: number } | undefined;

/** The view, at most `maxAgeMs` old; undefined before the node has members. */
export async function membershipView(
  env: Env,
  now: number,
  maxAgeMs = REFRESH_MS,
): Promise<MembershipView | undefined> {
  // The distance, so that a clock that was set back does not keep a copy for ever.
  if (cached?.view && Math.abs(now - cached.readAt) < maxAgeMs) return cached.view;
  const members = await membershipStub(env).members();
  const view = members && createView(members.charter, members.descriptors);
  // Keeping the old view where nothing changed keeps its memoised placement.
  const kept = view && cached?.view?.version === view.version ? cached.view : view;
  cached = { view: kept, readAt: now };
  return kept;
}
