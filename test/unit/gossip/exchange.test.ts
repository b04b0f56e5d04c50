import { describe, expect, it } from "vitest";
import { toBase64Url } from "../../../protocol/bytes.ts";
import { BucketDigests, BUCKETS } from "../../../protocol/gossip/digest.ts";
import { answerGossip, GossipExchange } from "../../../protocol/gossip/exchange.ts";
import {
  GOSSIP_HASHES_MAX,
  GOSSIP_STATEMENT_BYTES_MAX,
  GOSSIP_STATEMENTS_MAX,
  type GossipRequest,
  type GossipResponse,
} from "../../../protocol/gossip/messages.ts";
import { News, NEWS_MAX, NEWS_TELLINGS } from "../../../protocol/gossip/news.ts";
import type { GossipItem, GossipStore } from "../../../protocol/gossip/store.ts";
import { fc } from "../support/property.ts";
import { bytesFrom } from "../support/random.ts";

/** A set of numbers that stand for statements: the same code as for real ones, without signatures. */
class NumberStore implements GossipStore<number> {
  readonly #buckets = Array.from({ length: BUCKETS }, () => new Map<number, GossipItem<number>>());
  readonly #digests = new BucketDigests();
  readonly #bytes: number;

  constructor(numbers: Iterable<number> = [], bytes = 300) {
    this.#bytes = bytes;
    this.merge(numbers);
  }

  merge(numbers: Iterable<number>): void {
    for (const statement of numbers) {
      const bytes = bytesFrom(`statement ${statement}`);
      const bucket = bytes[8] ?? 0;
      if (this.#buckets[bucket]?.has(statement)) continue;
      const hash = toBase64Url(bytes.subarray(0, 8));
      this.#buckets[bucket]?.set(statement, { hash, bytes: this.#bytes, statement });
      this.#digests.toggle(bucket, hash);
    }
  }

  get all(): number[] {
    return this.#buckets.flatMap((bucket) => [...bucket.keys()]).toSorted((a, b) => a - b);
  }

  digest = () => this.#digests.whole;
  bucketDigests = () => this.#digests.list();
  bucket = (index: number) => [...(this.#buckets[index]?.values() ?? [])];
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** Lets `asker` gossip with `answerer` until it has no more to say. Returns how many requests it took. */
function exchange(
  asker: NumberStore,
  answerer: NumberStore,
  onMessages: (request: GossipRequest<number>, response: GossipResponse<number>) => void = () =>
    undefined,
): number {
  const session = new GossipExchange(asker, 0);
  let requests = 0;
  let request: GossipRequest<number> | undefined = session.open([]);
  while (request) {
    requests += 1;
    answerer.merge(request.statements);
    const response = answerGossip(answerer, request, () => []);
    asker.merge(response.statements);
    onMessages(request, response);
    request = session.next(response);
  }
  return requests;
}

const anySet = fc.array(fc.nat(400), { maxLength: 300 });

describe("an exchange", () => {
  it("P-59: makes any two sets equal in three requests, where no message is full", () => {
    fc.assert(
      fc.property(anySet, anySet, (a, b) => {
        const [asker, answerer] = [new NumberStore(a), new NumberStore(b)];
        expect(exchange(asker, answerer)).toBeLessThanOrEqual(3);
        expect(asker.all).toEqual([...new Set([...a, ...b])].toSorted((x, y) => x - y));
        expect(answerer.all).toEqual(asker.all);
        expect(answerer.digest()).toBe(asker.digest());
      }),
    );
  });

  it("P-59: of equal sets is one request without statements", () => {
    const numbers = range(0, 1000);
    const session = new GossipExchange(new NumberStore(numbers), 0);
    const response = answerGossip(new NumberStore(numbers), session.open([]), () => {
      throw new Error("no one needs news");
    });
    expect(response).toEqual({ digest: new NumberStore(numbers).digest(), statements: [] });
    expect(session.next(response)).toBeUndefined();
    expect(session.isEqual).toBe(true);
  });

  it.each([
    [256, 3],
    [257, 5],
    [2_560, 23],
  ])("P-59: gives an empty node %d statements in %d requests at most", (count, atMost) => {
    const [empty, full] = [new NumberStore(), new NumberStore(range(0, count))];
    expect(exchange(empty, full)).toBeLessThanOrEqual(atMost);
    expect(empty.digest()).toBe(full.digest());
    const [asked, asking] = [new NumberStore(), new NumberStore(range(0, count))];
    expect(exchange(asking, asked)).toBeLessThanOrEqual(atMost);
    expect(asked.digest()).toBe(asking.digest());
  });

  it("P-59: no message has more statements, bytes or hashes than allowed", () => {
    for (const bytes of [300, 12_000]) {
      const [one, other] = [
        new NumberStore(range(0, 6_000), bytes),
        new NumberStore(range(5_000, 12_000), bytes),
      ];
      exchange(one, other, (request, response) => {
        const hashes = (request.held ?? []).reduce((sum, held) => sum + held.hashes.length, 0);
        expect(hashes).toBeLessThanOrEqual(GOSSIP_HASHES_MAX);
        expect(response.wants?.length ?? 0).toBeLessThanOrEqual(GOSSIP_STATEMENTS_MAX);
        for (const { statements } of [request, response]) {
          expect(statements.length).toBeLessThanOrEqual(GOSSIP_STATEMENTS_MAX);
          expect(statements.length * bytes).toBeLessThanOrEqual(GOSSIP_STATEMENT_BYTES_MAX);
        }
      });
      expect(one.all).toEqual(range(0, 12_000));
      expect(other.all).toEqual(one.all);
    }
  });

  it("P-59: ends, whatever the other side says, when that changes nothing", () => {
    const store = new NumberStore(range(0, 100));
    const session = new GossipExchange(store, 200);
    const zero = toBase64Url(new Uint8Array(8));
    const lie: GossipResponse<number> = {
      digest: zero,
      statements: [],
      buckets: Array<string>(BUCKETS).fill(zero),
      wants: Array<string>(GOSSIP_STATEMENTS_MAX).fill(zero),
    };
    session.open([]);
    let requests = 1;
    while (requests < 10 && session.next(lie)) requests += 1;
    expect(requests).toBe(2);
    expect(session.isEqual).toBe(false);
  });

  it("P-59: gives what is wanted only of what it listed, and once", () => {
    const store = new NumberStore(range(0, 100));
    const session = new GossipExchange(store, 200);
    const answer = answerGossip(new NumberStore(), session.open([]), () => []);
    const listing = session.next(answer);
    const hashes = (listing?.held ?? []).flatMap((held) => held.hashes);
    const greedy: GossipResponse<number> = { ...answer, wants: [...hashes, ...hashes, "unknown"] };
    expect(session.next(greedy)?.statements).toHaveLength(100);
    expect(session.next(greedy)?.statements ?? []).toEqual([]);
  });

  it("P-59: tells news first, and what both sides know by then is not compared", () => {
    const known = range(0, 50);
    const [asker, answerer] = [new NumberStore([...known, 100]), new NumberStore(known)];
    const session = new GossipExchange(asker, 0);
    const [latest] = asker
      .bucket(bytesFrom("statement 100")[8] ?? 0)
      .filter((i) => i.statement > 99);
    const request = session.open(latest ? [latest] : []);
    expect(request.statements).toEqual([100]);
    answerer.merge(request.statements);
    expect(
      session.next(answerGossip(answerer, { ...request, digest: asker.digest() }, () => [])),
    ).toBe(undefined);
    expect(session.isEqual).toBe(true);
  });
});

function item(statement: number): GossipItem<number> {
  return { hash: "", bytes: 1, statement };
}

describe("news", () => {
  it("P-60: each is told a few times, the latest first, and what replaces another takes its place", () => {
    const news = new News<number>();
    news.add("a", item(1));
    news.add("b", item(2));
    news.add("a", item(3));
    const told = Array.from({ length: NEWS_TELLINGS + 1 }, () => news.take());
    expect(told.map((items) => items.map((i) => i.statement))).toEqual([
      ...Array.from({ length: NEWS_TELLINGS }, () => [3, 2]),
      [],
    ]);
  });

  it("P-60: one message has a bounded number of them, and a bounded number waits", () => {
    const news = new News<number>();
    for (let i = 0; i < 3_000; i++) news.add(`${i}`, item(i));
    expect(news.size).toBe(1_024);
    expect(news.take()).toHaveLength(NEWS_MAX);
    expect(news.take()[0]?.statement).toBe(2_999);
  });
});
