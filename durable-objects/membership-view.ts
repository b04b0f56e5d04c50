/** The isolate's copy of the membership: built once a version, shared by the Worker and its shards. */
import {
  createView,
  PROVING_STATEMENTS_MAX,
  type Members,
  type MembershipView,
  type Statement,
} from "../protocol/index.ts";
import { configOf } from "./config.ts";
import type { Env } from "./env.ts";
import { membershipStub } from "./stubs.ts";

/** How old the copy may be at most. Less where gossip is quicker: what it brings counts within a round of it. */
const REFRESH_MS = 30_000;

interface Copy {
  readonly view: MembershipView;
  readonly members: Members;
  /** Names what the Membership object knew. */
  readonly digest: string;
  readonly readAt: number;
}

let cached: Copy | undefined;

/**
 * Takes in statements that someone else showed to be missing here, as far as they verify. Returns the view that
 * they give.
 */
export async function learn(
  env: Env,
  statements: readonly Statement[],
  now: number,
): Promise<MembershipView | undefined> {
  const learnt = await membershipStub(env).learn(statements.slice(0, PROVING_STATEMENTS_MAX), now);
  return membershipView(env, now, learnt > 0 ? 0 : undefined);
}

/** The view, at most `maxAgeMs` old; undefined before the node has members. */
export async function membershipView(
  env: Env,
  now: number,
  maxAgeMs?: number,
): Promise<MembershipView | undefined> {
  const maxAge = maxAgeMs ?? (await refreshMs(env));
  // The distance, so that a clock that was set back does not keep a copy for ever.
  if (cached && Math.abs(now - cached.readAt) < maxAge) return cached.view;
  const known = cached;
  const read = await membershipStub(env).membersSince(known?.digest);
  const members = read?.members ?? known?.members;
  if (!read || !members) {
    cached = undefined;
    return undefined;
  }
  // The same statements give another view once a lease has ended.
  const isCurrent = known && !read.members && now < known.view.validUntil;
  const view = isCurrent
    ? known.view
    : createView(members.charter, members.statements, now, known?.view);
  cached = { view, members, digest: read.digest, readAt: now };
  return view;
}

async function refreshMs(env: Env): Promise<number> {
  const config = await configOf(env).catch(() => undefined);
  return Math.min(REFRESH_MS, config?.gossipMs ?? REFRESH_MS);
}
