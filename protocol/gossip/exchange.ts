/**
 * How two nodes make their sets of statements equal. First both tell their news. If their digests still differ,
 * the answer has the digest of each bucket; the asker lists what it holds in those that differ, is given what it
 * lacks there, and then gives what the other side wants. Every message is bounded, and every further one needs
 * that the one before it changed something, so an exchange ends whatever the other side says.
 *
 * Verifying and merging what a message brings is the caller's: before `answerGossip`, and before `next`.
 */
import { BUCKETS } from "./digest.ts";
import {
  GOSSIP_HASHES_MAX,
  GOSSIP_STATEMENTS_MAX,
  Parcel,
  type GossipRequest,
  type GossipResponse,
  type HeldBucket,
} from "./messages.ts";
import type { GossipItem, GossipStore } from "./store.ts";

/** Answers a request whose statements were merged. `takeNews` is called only if there is use for news. */
export function answerGossip<S>(
  store: GossipStore<S>,
  request: GossipRequest<S>,
  takeNews: () => readonly GossipItem<S>[],
): GossipResponse<S> {
  const digest = store.digest();
  if (digest === request.digest) return { digest, statements: [] };
  const parcel = new Parcel<S>();
  const wants: string[] = [];
  if (request.held) {
    for (const { bucket, hashes } of request.held) {
      const theirs = new Set(hashes);
      for (const item of store.bucket(bucket)) {
        if (!theirs.delete(item.hash)) parcel.add(item);
      }
      for (const hash of theirs) {
        if (wants.length < GOSSIP_STATEMENTS_MAX) wants.push(hash);
      }
    }
  } else {
    for (const item of takeNews()) parcel.add(item);
  }
  return {
    digest,
    statements: parcel.statements,
    buckets: store.bucketDigests(),
    ...(wants.length > 0 && { wants }),
  };
}

/** The asker's side of one exchange. */
export class GossipExchange<S> {
  readonly #store: GossipStore<S>;
  readonly #firstBucket: number;
  /** What both sides had when buckets were listed: again only if one of them has changed. */
  readonly #compared = new Set<string>();
  /** What was listed last, so that wants can be met. */
  #listed = new Map<string, GossipItem<S>>();
  #isEqual = false;

  /**
   * Buckets are listed from `firstBucket` on. Chosen at random, it keeps what the other side will not take, or
   * should not have given, in some bucket from standing before all others for ever.
   */
  constructor(store: GossipStore<S>, firstBucket: number) {
    this.#store = store;
    this.#firstBucket = firstBucket;
  }

  /** True once both sides were found to hold the same. */
  get isEqual(): boolean {
    return this.#isEqual;
  }

  /** The first request. */
  open(news: readonly GossipItem<S>[]): GossipRequest<S> {
    const parcel = new Parcel<S>();
    for (const item of news) parcel.add(item);
    return { digest: this.#store.digest(), statements: parcel.statements };
  }

  /** What to say next, after the answer's statements were merged; undefined where there is nothing to gain. */
  next(answer: GossipResponse<S>): GossipRequest<S> | undefined {
    const digest = this.#store.digest();
    this.#isEqual = digest === answer.digest;
    if (this.#isEqual) return undefined;
    const statements = this.#wanted(answer.wants ?? []);
    if (statements.length > 0) return { digest, statements };
    const pair = `${digest} ${answer.digest}`;
    if (!answer.buckets || this.#compared.has(pair)) return undefined;
    this.#compared.add(pair);
    const held = this.#list(answer.buckets);
    return held.length > 0 ? { digest, statements: [], held } : undefined;
  }

  /** Of what was listed, and once only: who wants it again does not take it. */
  #wanted(wants: readonly string[]): S[] {
    const parcel = new Parcel<S>();
    for (const hash of wants) {
      const item = this.#listed.get(hash);
      if (item && parcel.add(item)) this.#listed.delete(hash);
    }
    return parcel.statements;
  }

  /** What is held in the buckets that differ from `theirs`, as far as it fits one message. */
  #list(theirs: readonly string[]): HeldBucket[] {
    const held: HeldBucket[] = [];
    const own = this.#store.bucketDigests();
    this.#listed = new Map();
    for (let i = 0; i < BUCKETS && this.#listed.size < GOSSIP_HASHES_MAX; i++) {
      const bucket = (this.#firstBucket + i) % BUCKETS;
      if (own[bucket] === theirs[bucket]) continue;
      const items = this.#store.bucket(bucket).slice(0, GOSSIP_HASHES_MAX - this.#listed.size);
      for (const item of items) this.#listed.set(item.hash, item);
      held.push({ bucket, hashes: items.map(({ hash }) => hash) });
    }
    return held;
  }
}
