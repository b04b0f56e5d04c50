/** What gossip came to since the Membership object woke, and how each peer fares. For people to see. */
import type { MembershipView } from "../protocol/index.ts";
import { addReports, NO_ROUND, type RoundReport } from "./gossip-round.ts";
import type { MembershipStore } from "./membership-store.ts";
import { PeerHealthBook, peerHealthListSchema, type PeerHealth } from "./peer-health.ts";

export interface GossipTotals extends RoundReport {
  readonly rounds: number;
  /** Milliseconds since 1970; undefined before the first. */
  readonly lastRoundAt: number | undefined;
  readonly lastChangeAt: number | undefined;
  readonly peerHealth: readonly PeerHealth[];
}

/** How often the peers' health is written down: a row written is dear. */
const HEALTH_WRITE_MS = 600_000;

export class GossipLedger {
  readonly health: PeerHealthBook;
  readonly #store: MembershipStore;
  #totals = NO_ROUND;
  #rounds = 0;
  #lastRoundAt: number | undefined;
  #lastChangeAt: number | undefined;
  #writtenAt = -Infinity;

  constructor(store: MembershipStore) {
    this.#store = store;
    this.health = new PeerHealthBook(store.note("peers", peerHealthListSchema));
  }

  /** Something became known. */
  changed(now: number): void {
    this.#lastChangeAt = now;
  }

  count(report: RoundReport, { members, lapsed }: MembershipView, now: number): void {
    this.#totals = addReports(this.#totals, report);
    this.#rounds += 1;
    this.#lastRoundAt = now;
    this.health.keepOnly(new Set([...members, ...lapsed].map(({ node }) => node)));
    if (Math.abs(now - this.#writtenAt) < HEALTH_WRITE_MS) return;
    this.#writtenAt = now;
    this.#store.putNote("peers", this.health.list());
  }

  status(): GossipTotals {
    return {
      ...this.#totals,
      rounds: this.#rounds,
      lastRoundAt: this.#lastRoundAt,
      lastChangeAt: this.#lastChangeAt,
      peerHealth: this.health.list(),
    };
  }
}
