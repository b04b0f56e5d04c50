import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createClient, ProfileError, ProtocolError, type QueryEvent } from "../../client/index.ts";
import {
  contentDigest,
  delegationSchema,
  estimate as estimateSimilarity,
  fromBase64Url,
  meshIdOf,
  originQuerySchema,
  routeRequestSchema,
  signAnswer,
  signatureOf,
  signCharter,
  signDelegation,
  signDescriptor,
  verifyRequest,
  type Charter,
  type Delegation,
  type Descriptor,
  type Identity,
  type MeshId,
  type PublicKey,
  type RouteResponse,
} from "../../protocol/index.ts";
import {
  receivedAt,
  sendJson,
  sendSigned,
  startTestServer,
  type TestServer,
} from "../support/client-server.ts";
import { compileSample, encodeSample, sampleProfile } from "../unit/support/domains.ts";
import {
  alice,
  bob,
  carol,
  charter as statement,
  founders,
  mallory,
  mesh,
  otherMesh,
  statementOf,
} from "../unit/support/identities.ts";

const DOMAIN = compileSample();
const SIGNATURE = signatureOf(DOMAIN, encodeSample(DOMAIN, sampleProfile));
/** Alice's gateway; Bob and Carol hold outcomes. */
const GATEWAY = alice;

let charter: Charter;
let gateway: TestServer;
let bobs: TestServer;
let carols: TestServer;
beforeAll(async () => {
  charter = await signCharter(statement, founders);
  [gateway, bobs, carols] = await Promise.all([
    startTestServer(),
    startTestServer(),
    startTestServer(),
  ]);
  answerAs(bobs, bob, 0.9);
  answerAs(carols, carol, 0.7);
});
afterAll(() => Promise.all([gateway, bobs, carols].map((server) => server.close())));

/** Lets `server` answer as an honest origin of `identity`, with one outcome of `score`. */
function answerAs(server: TestServer, identity: Identity, score: number): void {
  server.answerWith(async (request, out) => {
    const received = receivedAt(server.url, request);
    const sender = await verifyRequest(received, {
      mesh,
      self: identity.node,
      now: Date.now(),
      keyOf: (node) => founders.find((founder) => founder.node === node)?.publicKey,
      acceptsDelegates: true,
    });
    if (!sender.ok || sender.value.node !== GATEWAY.node) return sendJson(out, 401, {});
    const query = originQuerySchema.parse(JSON.parse(String(request.body)));
    const answer = {
      version: 1 as const,
      node: identity.node,
      domain: query.domain,
      query: contentDigest(request.body),
      answeredAt: Date.now(),
      results: [
        {
          reference: "r",
          score,
          features: { age: score },
          intervention: { treatment: "rest" },
          result: { survived: true },
        },
      ],
      warnings: [],
    };
    const signed = await signAnswer(identity, mesh, answer);
    return sendSigned(out, received, { identity, mesh }, 200, signed);
  });
}

interface GatewayLies {
  readonly mesh?: MeshId;
  readonly charter?: Charter;
  /** The gateway's own descriptor. */
  readonly own?: Descriptor;
  readonly descriptors?: readonly Descriptor[];
  readonly delegation?: (delegate: PublicKey) => Promise<Delegation>;
}

function descriptorFor(
  identity: Identity,
  originUrl: string,
  inMesh: MeshId = mesh,
): Promise<Descriptor> {
  const now = Date.now();
  return signDescriptor(
    identity,
    inMesh,
    statementOf(identity, {
      name: `hospital of ${identity.node.slice(0, 4)}`,
      originUrl,
      issuedAt: now - 1000,
      expiresAt: now + 1_000_000,
    }),
  );
}

/** Lets the gateway answer as an honest one does, but for `lies`. */
async function gatewayThat(lies: GatewayLies = {}): Promise<void> {
  const descriptors = lies.descriptors ?? [
    await descriptorFor(bob, bobs.url),
    await descriptorFor(carol, carols.url),
  ];
  const own = lies.own ?? (await descriptorFor(GATEWAY, "https://origin.example"));
  gateway.answerWith(async (request, out) => {
    if (request.path === "/.well-known/outcome-mesh") {
      const document = { mesh, node: GATEWAY.node, descriptor: own, membership: "v" };
      return sendJson(out, 200, { ...document, charter: lies.charter ?? charter });
    }
    const { delegate } = routeRequestSchema.parse(JSON.parse(String(request.body)));
    const route: RouteResponse = {
      mesh: lies.mesh ?? mesh,
      origins: descriptors.map((descriptor, i) => ({
        node: [bob, carol][i]?.node ?? bob.node,
        estimate: 0.9 - i / 10,
        descriptor,
      })),
      statements: [],
      delegation: lies.delegation
        ? await lies.delegation(delegate)
        : await signDelegation(GATEWAY, mesh, delegate, Date.now() + 60_000),
      coverage: { slotsAsked: 6, slotsAnswered: 6, overBudget: 0 },
      cost: {
        lookupRequests: 2,
        hedged: 0,
        confirmations: 1,
        bytesSent: 10,
        bytesReceived: 20,
        rowsScanned: 30,
        milliseconds: 4,
      },
    };
    return sendJson(out, 200, route);
  });
}

const INPUT = { domain: DOMAIN, profile: sampleProfile, k: 5 };
const clientFor = (pinned?: MeshId) =>
  createClient({ gateway: gateway.url, token: "token", ...(pinned && { mesh: pinned }) });

beforeEach(() => gatewayThat());

describe("a private query", () => {
  it("ranks what the origins answer, and yields the events of any query", async () => {
    const events: QueryEvent[] = [];
    const run = clientFor(mesh).queryPrivately(INPUT);
    for await (const event of run) events.push(event);
    expect(events.map(({ type }) => type)).toEqual(["route", "origin", "origin", "done"]);
    const response = await run.response();
    expect(response.ranking).toMatchObject([
      { rank: 1, node: bob.node, score: 0.9 },
      { rank: 2, node: carol.node, score: 0.7 },
    ]);
    expect(response.coverage).toMatchObject({
      originsFound: 2,
      originsAsked: 2,
      originsAnswered: 2,
    });
    expect(response.cost).toMatchObject({ lookupRequests: 2, originRequests: 2, rowsScanned: 30 });
    expect(response.cost.bytesSent).toBeGreaterThan(10);
  });

  it("shows its gateway a signature and a key, and nothing of the profile", async () => {
    const before = gateway.requests.length;
    await clientFor().queryPrivately(INPUT).response();
    const requests = gateway.requests.slice(before);
    const routed = requests.find(({ path }) => path === "/v1/route");
    const body = routeRequestSchema.parse(JSON.parse(String(routed?.body)));
    expect(requests.map(({ path }) => path).toSorted()).toEqual([
      "/.well-known/outcome-mesh",
      "/v1/route",
    ]);
    expect(estimateSimilarity(DOMAIN.plan, SIGNATURE, fromBase64Url(body.signature))).toBeCloseTo(
      1,
    );
    const text = requests.map(({ path, body: sent }) => path + String(sent)).join("\n");
    for (const value of ["aspirin", "T:fast", "female", "leukocytes", "age"]) {
      expect(text).not.toContain(value);
    }
  });

  it("uses a new key for each query", async () => {
    const before = bobs.requests.length;
    await clientFor().queryPrivately(INPUT).response();
    await clientFor().queryPrivately(INPUT).response();
    const keys = bobs.requests
      .slice(before)
      .map(({ headers }) =>
        delegationSchema.parse(
          JSON.parse(
            Buffer.from(String(headers["outcome-mesh-delegation"]), "base64url").toString(),
          ),
        ),
      )
      .map(({ delegate }) => delegate);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(2);
  });

  it("sends nothing where the profile does not fit, and says which fields", async () => {
    const before = gateway.requests.length;
    const run = clientFor().queryPrivately({ ...INPUT, profile: { age: "old", shoe: 43 } });
    const error: unknown = await run.response().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ProfileError);
    expect(String(error)).toMatch(/age/);
    expect(String(error)).toMatch(/shoe/);
    expect(gateway.requests.length).toBe(before);
  });

  it("passes groups to leave out, the purpose, and the number of results on to the origins", async () => {
    await clientFor()
      .queryPrivately({ ...INPUT, k: 3, excludeGroups: ["mine"], purpose: "research" })
      .response();
    expect(JSON.parse(String(bobs.requests.at(-1)?.body))).toMatchObject({
      k: 3,
      excludeGroups: ["mine"],
      purpose: "research",
    });
  });

  it.each<[string, () => Promise<GatewayLies>]>([
    ["a route of another mesh", async () => ({ mesh: otherMesh })],
    [
      "a mesh of its own making, under the name of the one that is meant",
      async () => {
        const fake = await signCharter({ ...statement, founders: [GATEWAY.publicKey] }, [GATEWAY]);
        const own = await descriptorFor(GATEWAY, bobs.url, meshIdOf(fake.charter));
        return { charter: fake, own, descriptors: [own] };
      },
    ],
    [
      "a node of its own that is no member",
      async () => ({
        own: await descriptorFor(mallory, bobs.url),
        delegation: (key) => signDelegation(mallory, mesh, key, Date.now() + 60_000),
      }),
    ],
    [
      "a delegation in another node's name",
      async () => ({
        delegation: (key) =>
          signDelegation({ ...GATEWAY, node: bob.node }, mesh, key, Date.now() + 60_000),
      }),
    ],
    [
      "a charter that a founder did not sign",
      async () => ({ charter: { ...charter, signatures: charter.signatures.toReversed() } }),
    ],
    [
      "a delegation for another key",
      async () => ({
        delegation: () => signDelegation(GATEWAY, mesh, mallory.publicKey, Date.now() + 60_000),
      }),
    ],
    [
      "a delegation that is over",
      async () => ({ delegation: (key) => signDelegation(GATEWAY, mesh, key, Date.now() - 1) }),
    ],
    [
      "a delegation of another node",
      async () => ({ delegation: (key) => signDelegation(bob, mesh, key, Date.now() + 60_000) }),
    ],
    [
      "a delegation that is not signed",
      async () => ({
        delegation: async (key) => ({
          ...(await signDelegation(mallory, mesh, key, Date.now() + 60_000)),
          node: GATEWAY.node,
        }),
      }),
    ],
  ])("tells no origin anything if the gateway gives %s", async (_, lies) => {
    await gatewayThat(await lies());
    const before = bobs.requests.length + carols.requests.length;
    await expect(clientFor(mesh).queryPrivately(INPUT).response()).rejects.toThrow(ProtocolError);
    expect(bobs.requests.length + carols.requests.length).toBe(before);
  });

  it("tells no origin anything in another mesh than the one that is meant", async () => {
    const before = bobs.requests.length;
    const run = clientFor(otherMesh).queryPrivately(INPUT);
    await expect(run.response()).rejects.toThrow("not of this mesh");
    expect(bobs.requests.length).toBe(before);
  });

  it.each<[string, () => Promise<Descriptor>]>([
    ["is no member", () => descriptorFor(mallory, bobs.url)],
    [
      "names a URL that the member did not sign",
      async () => {
        const { descriptor, signature } = await descriptorFor(bob, "https://origin.example");
        return { descriptor: { ...descriptor, originUrl: bobs.url }, signature };
      },
    ],
    [
      "has let its lease lapse",
      () => {
        const lapsedAt = Date.now() - 1;
        const lease = { issuedAt: lapsedAt - 1000, expiresAt: lapsedAt };
        return signDescriptor(bob, mesh, statementOf(bob, { originUrl: bobs.url, ...lease }));
      },
    ],
    ["is another member's", () => descriptorFor(carol, bobs.url)],
  ])("does not ask an origin whose descriptor %s, and counts it as failed", async (_, first) => {
    await gatewayThat({ descriptors: [await first(), await descriptorFor(carol, carols.url)] });
    const before = bobs.requests.length;
    const { origins, coverage, ranking } = await clientFor().queryPrivately(INPUT).response();
    expect(bobs.requests.length).toBe(before);
    expect(origins.map(({ status }) => status)).toEqual(["unreachable", "answered"]);
    expect(coverage).toMatchObject({ originsFound: 2, originsAnswered: 1, originsFailed: 1 });
    expect(ranking.map(({ node }) => node)).toEqual([carol.node]);
  });
});
