/**
 * Which signed requests of members are served: none twice, and of no member more than its rate. Nonces and tokens
 * are in memory; of each member a floor is kept that outlives it, so that a guard that was restarted takes
 * nothing that it may have taken before.
 */
import type { NodeId } from "../ids.ts";
import { CLOCK_SKEW_S, REQUEST_MAX_AGE_S, type Sender } from "./message-signature.ts";
import { Refusal } from "./problem.ts";

/** A request is acceptable from `CLOCK_SKEW_S` before its creation to `REQUEST_MAX_AGE_S + CLOCK_SKEW_S` after. */
const REMEMBER_MS = (REQUEST_MAX_AGE_S + 2 * CLOCK_SKEW_S) * 1000;
/** 100 bytes each. What is forgotten early for want of room raises its sender's floor. */
const NONCES_MAX = 200_000;
/** The floor is written this far ahead of the request, so that a busy member costs a write in that time. */
const FLOOR_AHEAD_S = 5;
/** Rates are given a minute: the window of the RateLimit header fields. */
const WINDOW_S = 60;

/** Keeps of each member a time by its own clock, in seconds since 1970. */
export interface Floors {
  get(node: NodeId): number | undefined;
  set(node: NodeId, floor: number): void;
}

export type GuardedRequest = Pick<Sender, "node" | "nonce" | "created">;

/** What a member may still send. */
export interface Quota {
  /** Requests a minute. */
  readonly perMinute: number;
  readonly remaining: number;
  /** Seconds until all of it is there again. */
  readonly resetS: number;
}

export type GuardVerdict =
  | { readonly code: "admitted"; readonly quota: Quota }
  | { readonly code: "replayed" }
  /** Created no later than the last request before a restart may have been. */
  | { readonly code: "unsure"; readonly retryAfterS: number }
  | { readonly code: "rate-limited"; readonly quota: Quota; readonly retryAfterS: number };

interface MemberState {
  /** Requests created then or before are not told from replays. */
  floor: number;
  /** The floor for the next guard. */
  written: number;
  /** The last creation time admitted. */
  latest: number;
  tokens: number;
  /** When the tokens were counted. */
  countedAt: number;
}

interface SeenRequest {
  readonly node: NodeId;
  readonly created: number;
  readonly forgetAt: number;
}

export class MemberGuard {
  readonly #floors: Floors;
  readonly #noncesMax: number;
  readonly #members = new Map<NodeId, MemberState>();
  /** By sender and nonce, oldest first. */
  readonly #seen = new Map<string, SeenRequest>();

  constructor(floors: Floors, noncesMax = NONCES_MAX) {
    this.#floors = floors;
    this.#noncesMax = noncesMax;
  }

  /** Judges a request whose signature was verified; what is admitted is remembered. `now` in milliseconds. */
  admit(request: GuardedRequest, now: number, perMinute: number): GuardVerdict {
    const { node, nonce, created } = request;
    const member = this.#memberOf(node, now, perMinute);
    this.#forget(now);
    const name = `${node}/${nonce}`;
    // Before the rate: whoever sends a member's requests again must not use up what it may send.
    if (this.#seen.has(name)) return { code: "replayed" };
    if (created <= member.floor) {
      return { code: "unsure", retryAfterS: member.floor - created + 1 };
    }
    refill(member, now, perMinute);
    if (member.tokens < 1) {
      const retryAfterS = Math.ceil(((1 - member.tokens) * WINDOW_S) / perMinute);
      return { code: "rate-limited", quota: quotaOf(member, perMinute), retryAfterS };
    }
    member.tokens -= 1;
    member.latest = Math.max(member.latest, created);
    this.#remember(name, { node, created, forgetAt: now + REMEMBER_MS });
    if (created > member.written) {
      member.written = created + FLOOR_AHEAD_S;
      this.#floors.set(node, member.written);
    }
    return { code: "admitted", quota: quotaOf(member, perMinute) };
  }

  /** Before an orderly end: writes floors that are not ahead, so that the next guard refuses no one for them. */
  settle(): void {
    for (const [node, { latest, written }] of this.#members) {
      if (latest > -Infinity && latest < written) this.#floors.set(node, latest);
    }
  }

  #memberOf(node: NodeId, now: number, perMinute: number): MemberState {
    const known = this.#members.get(node);
    if (known) return known;
    const floor = this.#floors.get(node) ?? -Infinity;
    const member = { floor, written: floor, latest: floor, tokens: perMinute, countedAt: now };
    this.#members.set(node, member);
    return member;
  }

  #remember(name: string, request: SeenRequest): void {
    this.#seen.set(name, request);
    for (const [oldest, { node, created }] of this.#seen) {
      if (this.#seen.size <= this.#noncesMax) break;
      const member = this.#members.get(node);
      if (member) member.floor = Math.max(member.floor, created);
      this.#seen.delete(oldest);
    }
  }

  #forget(now: number): void {
    for (const [oldest, { forgetAt }] of this.#seen) {
      if (forgetAt > now) break;
      this.#seen.delete(oldest);
    }
  }
}

function refill(member: MemberState, now: number, perMinute: number): void {
  // A clock that was set back gives nothing.
  const passedS = Math.max(0, now - member.countedAt) / 1000;
  member.tokens = Math.min(perMinute, member.tokens + (passedS * perMinute) / WINDOW_S);
  member.countedAt = now;
}

function quotaOf({ tokens }: MemberState, perMinute: number): Quota {
  const resetS = Math.ceil(((perMinute - tokens) * WINDOW_S) / perMinute);
  return { perMinute, remaining: Math.floor(tokens), resetS };
}

/** The RateLimit header fields of draft-ietf-httpapi-ratelimit-headers. */
export function rateLimitHeaders({ perMinute, remaining, resetS }: Quota): Record<string, string> {
  return {
    "ratelimit-policy": `"member";q=${perMinute};w=${WINDOW_S}`,
    ratelimit: `"member";r=${remaining};t=${resetS}`,
  };
}

/** What the sender may still send. Throws a `Refusal` where its request is not admitted. */
export function requireAdmitted(verdict: GuardVerdict): Quota {
  switch (verdict.code) {
    case "admitted":
      return verdict.quota;
    case "replayed":
      throw new Refusal("unauthorized", { detail: "the request was sent before" });
    case "unsure":
      throw new Refusal(
        "not-ready",
        { detail: "this node was restarted, and can not tell whether the request was sent before" },
        { "retry-after": String(verdict.retryAfterS) },
      );
    case "rate-limited":
      throw new Refusal(
        "rate-limited",
        { detail: `a member may send ${verdict.quota.perMinute} requests a minute` },
        { ...rateLimitHeaders(verdict.quota), "retry-after": String(verdict.retryAfterS) },
      );
  }
}
