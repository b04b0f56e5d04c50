/** The isolate's copy of the membership: built once a version, shared by the Worker and its shards. */
import { createView, type Members, type MembershipView } from "../protocol/index.ts";
import type { Env } from "./env.ts";
import { membershipStub } from "./stubs.ts";

/** How old the copy may be: a renewed or new descriptor is seen everywhere in this time. */
const REFRESH_MS = 30_000;

interface Copy {
  readonly view: MembershipView;
  readonly members: Members;
  /** Names what the Membership object knew. */
  readonly digest: string;
  readonly readAt: number;
}

let cached: Copy | undefined;

/** The view, at most `maxAgeMs` old; undefined before the node has members. */
export async function membershipView(
  env: Env,
  now: number,
  maxAgeMs = REFRESH_MS,
): Promise<MembershipView | undefined> {
  // The distance, so that a clock that was set back does not keep a copy for ever.
  if (cached && Math.abs(now - cached.readAt) < maxAgeMs) return cached.view;
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
