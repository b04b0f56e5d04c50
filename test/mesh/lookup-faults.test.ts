/** Lookups where nodes are slow or lie, and how many requests a query takes at most. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  domainSchema,
  nodeStatusSchema,
  queryResponseSchema,
  type PeerStatus,
  type QueryResponse,
} from "../../protocol/index.ts";
import { smallDomain, smallExample, smallQuery } from "../support/small-example.ts";
import { SteeredProxies, type Arrival } from "../support/steered-proxies.ts";
import { askGateway, startTestMesh, type TestMesh } from "../support/test-mesh.ts";

const LOOKUP = "/v1/peer/lookup";
const ORIGIN_QUERY = "/v1/outcomes/query";
/** An answer without entries. */
const LIE = { origins: [], scanned: 0, pending: [], membership: "" };
/** Which nodes a lookup asks is drawn: in so many queries, most have their turn. */
const QUERIES = 12;
/** A node that was too slow before, on a busy machine, is left out for ten seconds. */
const TURN_TIMEOUT_MS = 40_000;

async function ask(mesh: TestMesh, slug: string, more: object = {}): Promise<QueryResponse> {
  const body = {
    domain: mesh.compiled.id,
    profile: smallQuery,
    k: 50,
    deadlineMs: 20_000,
    ...more,
  };
  const answer = await askGateway(mesh.mesh.organisation(slug), body);
  return queryResponseSchema.parse(answer.body);
}

type LookupHealth = NonNullable<PeerStatus["lookups"]>;

/** How the asker's node has seen others answer lookups. */
async function healthOf(mesh: TestMesh, asker: string): Promise<Map<string, LookupHealth>> {
  const { meshUrl, requesterToken } = mesh.mesh.organisation(asker);
  const response = await fetch(`${meshUrl}/v1/node/status`, {
    headers: { authorization: `Bearer ${requesterToken}` },
  });
  const { peers } = nodeStatusSchema.parse(await response.json());
  return new Map(
    mesh.mesh.organisations.flatMap(({ slug, identity }) => {
      const report = peers.find(({ node }) => node === identity.node)?.lookups;
      return report ? [[slug, report] as const] : [];
    }),
  );
}

function isLookupAt(arrival: Arrival, slug: string): boolean {
  return arrival.slug === slug && arrival.path === LOOKUP;
}

describe("six organisations with three replicas of every slot", () => {
  const ASKER = "ash";
  const OTHERS = ["birch", "cedar", "elm", "fir", "gorse"];
  /** Those of the others that are asked most. */
  let [liar, slow] = ["", ""];
  const proxies = new SteeredProxies([LOOKUP, ORIGIN_QUERY]);
  let mesh: TestMesh;
  let healthy: QueryResponse;
  let release: (() => void) | undefined;

  beforeAll(async () => {
    mesh = await startTestMesh(smallExample([ASKER, ...OTHERS]), {
      replicas: 3,
      interpose: proxies.interpose,
    });
    for (let i = 0; i < QUERIES; i++) healthy = await ask(mesh, ASKER);
    [liar = "", slow = ""] = OTHERS.toSorted((a, b) => lookupsAt(b).length - lookupsAt(a).length);
  });

  afterEach(() => {
    release?.();
    proxies.steer();
  });

  afterAll(async () => {
    await mesh.stop();
    await proxies.close();
  });

  function lookupsAt(slug: string): Arrival[] {
    return proxies.arrivals.filter((arrival) => isLookupAt(arrival, slug));
  }

  /** Asks often, and on until the node was asked; every answer must be complete. */
  async function expectCompleteWith(slug: string): Promise<QueryResponse[]> {
    const until = Date.now() + TURN_TIMEOUT_MS;
    const responses: QueryResponse[] = [];
    while (responses.length < QUERIES || (lookupsAt(slug).length === 0 && Date.now() < until)) {
      const response = await ask(mesh, ASKER);
      expectComplete(response);
      responses.push(response);
    }
    expect(lookupsAt(slug).length).toBeGreaterThan(0);
    return responses;
  }

  /** Has the slow node answer no lookup until it is released. */
  function holding(): Promise<void> {
    return new Promise((resolve) => {
      release = resolve;
    });
  }

  function expectComplete(response: QueryResponse): void {
    expect(response.ranking).toEqual(healthy.ranking);
    expect(response.coverage.slotsAnswered).toBe(response.coverage.slotsAsked);
    expect(response.coverage.overBudget).toBe(0);
  }

  test("all well: everything is found, no one is asked alone, and no one withholds anything", async () => {
    expectComplete(await ask(mesh, ASKER));
    expect(healthy.ranking).toHaveLength(24);
    expect(healthy.cost.lookupRequests).toBeGreaterThan(1);
    for (const report of (await healthOf(mesh, ASKER)).values())
      expect(report).toMatchObject({ withheld: 0 });
  });

  test("a node that is slow is overtaken: nothing is missing, and no answer waits for it", async () => {
    const held = holding();
    proxies.steer((arrival) => (isLookupAt(arrival, slow) ? { hold: held } : {}));
    const responses = await expectCompleteWith(slow);
    expect(lookupsAt(slow).some(({ isAnswered }) => isAnswered)).toBe(false);
    expect(responses.some(({ cost }) => cost.hedged > 0)).toBe(true);
    expect((await healthOf(mesh, ASKER)).get(slow)).toMatchObject({ lastFailure: "slow" });
  });

  test("an empty answer that the node did not sign hides nothing, and it shows", async () => {
    proxies.steer((arrival) => (isLookupAt(arrival, liar) ? { answer: LIE } : {}));
    await expectCompleteWith(liar);
    expect((await healthOf(mesh, ASKER)).get(liar)).toMatchObject({
      lastFailure: "invalid-answer",
    });
  });

  test("a slow node and one that answers with nothing hide nothing together", async () => {
    const held = holding();
    proxies.steer((arrival) => {
      if (isLookupAt(arrival, slow)) return { hold: held };
      return isLookupAt(arrival, liar) ? { answer: LIE } : {};
    });
    await expectCompleteWith(liar);
  });
});

describe("ten organisations with one replica of every slot, and twelve requests a query", () => {
  const LIMIT = 12;
  const proxies = new SteeredProxies([LOOKUP, ORIGIN_QUERY]);
  let mesh: TestMesh;

  beforeAll(async () => {
    const slugs = Array.from({ length: 10 }, (_, i) => `org-${i}`);
    const domain = domainSchema.parse({
      ...smallDomain,
      signature: { ...smallDomain.signature, trees: 24 },
    });
    mesh = await startTestMesh(
      { ...smallExample(slugs, 2), domain },
      {
        replicas: 1,
        environment: { SUBREQUEST_LIMIT: String(LIMIT) },
        interpose: proxies.interpose,
      },
    );
  });

  afterAll(async () => {
    await mesh.stop();
    await proxies.close();
  });

  /** What one organisation's query sent to others, by where it went. */
  async function sentBy(
    slug: string,
    maxOrigins: number,
  ): Promise<{ response: QueryResponse; lookups: number; origins: number; mostAtOnce: number }> {
    proxies.steer(({ path }) => (path === LOOKUP ? { hold: shortWhile() } : {}));
    const response = await ask(mesh, slug, { maxOrigins, exhaustive: true });
    const paths = proxies.arrivals.map(({ path }) => path);
    return {
      response,
      lookups: paths.filter((path) => path === LOOKUP).length,
      origins: paths.filter((path) => path === ORIGIN_QUERY).length,
      mostAtOnce: proxies.mostAtOnce,
    };
  }

  test("a query stays within its requests, and counts what it left out", async () => {
    let leftOut = 0;
    for (const { slug } of mesh.mesh.organisations) {
      const { response, lookups, origins } = await sentBy(slug, 24);
      expect(lookups).toBeLessThanOrEqual(LIMIT / 2);
      expect(lookups + origins).toBeLessThanOrEqual(LIMIT);
      const { coverage, cost } = response;
      expect(cost).toMatchObject({ lookupRequests: lookups, originRequests: origins });
      expect(coverage.slotsAnswered + coverage.overBudget).toBe(coverage.slotsAsked);
      const overLimit = response.origins.filter(({ status }) => status === "over-limit").length;
      expect(coverage.originsAsked + overLimit).toBe(coverage.originsFound);
      leftOut += coverage.overBudget + overLimit;
    }
    expect(leftOut).toBeGreaterThan(0);
  });

  test("what origins do not need goes to lookups, of which six are under way at once", async () => {
    const most = { lookups: 0, atOnce: 0 };
    for (const { slug } of mesh.mesh.organisations) {
      const { response, lookups, mostAtOnce } = await sentBy(slug, 2);
      expect(lookups).toBeLessThanOrEqual(LIMIT - 2);
      expect(mostAtOnce).toBeLessThanOrEqual(6);
      expect(response.coverage.slotsAnswered).toBe(response.coverage.slotsAsked);
      most.lookups = Math.max(most.lookups, lookups);
      most.atOnce = Math.max(most.atOnce, mostAtOnce);
    }
    expect(most.lookups).toBeGreaterThan(6);
    expect(most.atOnce).toBe(6);
  });
});

/** Long enough that all that are sent at once are under way together. */
function shortWhile(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 200));
}
