/** Where a link is made and what both its ends keep to. */
import { z } from "zod";

/** Of the Worker: an upgrade to WebSocket makes the link, anything else is told how it is. */
export const ORIGIN_LINK_PATH = "/v1/node/link";
/** Of the Worker: what is below it goes over the link. */
export const LINKED_ORIGIN_PATH = "/v1/origin";

/** The address of an origin behind a link, as its node's descriptor has it. */
export function linkedOriginUrl(meshUrl: string): string {
  return meshUrl + LINKED_ORIGIN_PATH;
}

/** Text messages that keep the connection: the Worker's platform answers, and lets the object sleep. */
export const LINK_PING = "ping";
export const LINK_PONG = "pong";
/** Proxies and NATs forget connections that are silent for a minute, some for 30 s. */
export const LINK_PING_MS = 10_000;
/** Two pings lost, and some time for the third: who is silent so long is gone. */
export const LINK_SILENCE_MS = 25_000;

/** Why a link was closed. */
export const LINK_CLOSE = {
  /** The origin stops, and has answered what it had. */
  done: 1000,
  /** Another connection of the same origin has taken its place. */
  replaced: 4001,
  /** What came is no message of this protocol, or of another version. */
  malformed: 4002,
  /** Nothing was heard for too long. */
  silent: 4003,
} as const;

export const linkStatusSchema = z.object({
  connected: z.boolean(),
  /** Milliseconds since 1970, of the connection that is there. */
  connectedSince: z.int().optional(),
  /** Requests that it takes at once. */
  maxInFlight: z.int().optional(),
  /** Requests whose askers wait: given to the origin, and not given to it yet. */
  inFlight: z.int(),
  queued: z.int(),
});
export type LinkStatus = z.infer<typeof linkStatusSchema>;

/** The part of an asker's time that is left for the way back of an answer that there is none. */
const MARGIN_SHARE = 0.1;
const MARGIN_MIN_MS = 20;
const MARGIN_MAX_MS = 1000;

/** How long the link may take where the asker waits `timeoutMs`: so that it hears why there is no answer, in time. */
export function linkTimeout(timeoutMs: number): number {
  const margin = Math.min(MARGIN_MAX_MS, Math.max(MARGIN_MIN_MS, timeoutMs * MARGIN_SHARE));
  return Math.max(1, Math.floor(timeoutMs - margin));
}

/** The wait before the `attempt`-th connection in a row, from 0: full jitter, capped. `random` in [0, 1). */
export function linkBackoff(attempt: number, random: number): number {
  return random * Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempt, 20));
}

/** A deployed Worker ends all connections, and is there again at once. */
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 30_000;
