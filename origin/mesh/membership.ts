/** The origin's view of its mesh: fetched from its own Worker, and believed only after checking it. */
import {
  MembershipState,
  createView,
  err,
  membersSchema,
  meshIdOf,
  ok,
  verifyCharter,
  verifyStatements,
  type MeshId,
  type MembershipView,
  type PeerTarget,
  type Result,
} from "../../protocol/index.ts";
import type { PeerClient, FailureCode } from "./peer-client.ts";

/** Half an interval of gossip: whom the own Worker knows to be revoked is refused here as soon. */
const REFRESH_MS = 15_000;
/** After a Worker that did not answer: it may be starting. */
const RETRY_MS = 1_000;
/** An unknown sender may be a new member; many unknown senders must not make us ask all the time. */
const STRANGER_REFRESH_MS = 5_000;

/** More versions than a mesh has at any time; past that, someone invents them. */
const VERSIONS_MAX = 1_000;

export interface Membership {
  /** The last good view; undefined before there was one. */
  readonly view: MembershipView | undefined;
  /** When the Worker last told who they are; -Infinity before it did. */
  readonly refreshedAt: number;
  /** A view no older than `REFRESH_MS` where the Worker answers, else the last good one. */
  current(): Promise<MembershipView | undefined>;
  /** Asks the Worker again. */
  refresh(): Promise<Result<MembershipView, FailureCode>>;
  /** Asks again because a sender is not known, unless that was just done; true if it was done now. */
  refreshForStranger(): Promise<boolean>;
  /** Asks again because a node has another version than ours, once for each such version. */
  refreshForVersion(version: string): Promise<void>;
}

export interface MembershipOptions {
  readonly client: PeerClient;
  readonly mesh: MeshId;
  /** The own Worker. */
  readonly own: PeerTarget;
  /** Hears of the view after every refresh. */
  readonly onView?: (view: MembershipView) => void;
  readonly now?: () => number;
}

export function createMembership(options: MembershipOptions): Membership {
  const { client, mesh, own, now = Date.now } = options;
  /** All that was ever verified: the Worker can add to it, and not make us forget. */
  let state: MembershipState | undefined;
  let view: MembershipView | undefined;
  let nextAt = -Infinity;
  let refreshedAt = -Infinity;
  let strangerAt = -Infinity;
  /** Versions of other nodes because of which we asked since the view last changed. */
  const lookedFor = new Set<string>();
  let running: Promise<Result<MembershipView, FailureCode>> | undefined;

  const fetchView = async (): Promise<Result<MembershipView, FailureCode>> => {
    nextAt = now() + RETRY_MS;
    const request = { method: "GET", path: "/v1/node/members" } as const;
    const answer = await client.read(own, request, membersSchema);
    if (!answer.ok) return answer;
    const { charter, statements } = answer.value;
    if (meshIdOf(charter.charter) !== mesh) return err("another-mesh");
    state ??= (await verifyCharter(charter)) ? new MembershipState(charter) : undefined;
    if (!state) return err("bad-charter");
    // One that does not verify is left out, and costs no other. Only what is new is verified at all.
    const changed = state.merge((await verifyStatements(state, statements, now())).good);
    state.forget(now());
    if (!view || changed.length > 0 || now() >= view.validUntil) {
      const made = createView(charter, state.statements(), now(), view);
      if (made.version !== view?.version) lookedFor.clear();
      view = made;
    }
    refreshedAt = now();
    nextAt = refreshedAt + REFRESH_MS;
    options.onView?.(view);
    return ok(view);
  };
  const refresh = (): Promise<Result<MembershipView, FailureCode>> =>
    (running ??= fetchView().finally(() => {
      running = undefined;
    }));

  return {
    get view() {
      return view;
    },
    get refreshedAt() {
      return refreshedAt;
    },
    current: async () => {
      if (now() >= nextAt || (running && !view)) await refresh();
      return view;
    },
    refresh,
    refreshForStranger: async () => {
      if (now() - strangerAt < STRANGER_REFRESH_MS) return false;
      strangerAt = now();
      await refresh();
      return true;
    },
    refreshForVersion: async (version) => {
      if (version === view?.version || lookedFor.has(version)) return;
      await refresh();
      // After the refresh, which forgets them where it brings a new view.
      if (version !== view?.version && lookedFor.size < VERSIONS_MAX) lookedFor.add(version);
    },
  };
}
