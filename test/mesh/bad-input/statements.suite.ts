/** What is signed and brought by anyone: entries, tombstones, descriptors and charters that must not be stored. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  domainIdSchema,
  fromBase64Url,
  meshIdOf,
  nodeOf,
  publishResponseSchema,
  signDescriptor,
  signEntry,
  toBase64Url,
  toStatements,
  type Descriptor,
  type Identity,
  type Members,
  type RefusalReason,
} from "../../../protocol/index.ts";
import { compiled } from "../../support/bad-input/documents.ts";
import {
  bytesOf,
  call,
  endpointsOf,
  jsonOf,
  nameOf,
  type Endpoint,
} from "../../support/bad-input/endpoints.ts";
import { expectProblem, expectStatus } from "../../support/bad-input/http.ts";
import { sharedMesh, type BadInputMesh } from "../../support/bad-input/mesh.ts";

let mesh: BadInputMesh;
let endpoints: readonly Endpoint[];

beforeAll(async () => {
  mesh = await sharedMesh();
  endpoints = await endpointsOf(mesh);
  for (const endpoint of endpoints) {
    expectStatus(await call(mesh, endpoint), endpoint.status, nameOf(endpoint));
  }
});

function endpointOf(name: string): Endpoint {
  const endpoint = endpoints.find((found) => nameOf(found) === name);
  if (!endpoint) throw new Error(`there is no endpoint ${name}`);
  return endpoint;
}

type BadStatement = readonly [title: string, statement: string, reason: RefusalReason];

/** Statements that `count` makes entries or tombstones, each wrong in one way. */
async function badStatements(count: 0 | 1): Promise<BadStatement[]> {
  const { peer, lapsed, stranger, held, elsewhere } = mesh;
  const signature = held[3]?.symbols ?? new Uint8Array();
  const by = (identity: Identity, changes = {}) =>
    mesh.statement(identity, { signature, count, ...changes });
  const good = fromBase64Url(await by(peer.identity));
  const spoil = (at: number, value: number) => toBase64Url(good.with(at, value));
  const { charter } = mesh.members.charter;
  const entry = {
    node: peer.identity.node,
    domain: compiled.id,
    epoch: 0,
    seq: 1,
    count,
    signature,
  };
  const ofOtherMesh = await signEntry(
    peer.identity,
    meshIdOf({ ...charter, name: "other" }),
    entry,
  );
  const unknown = domainIdSchema.parse("A".repeat(43));
  const seqAt = 69;
  return [
    ["no base64url length", "A", "malformed"],
    ["base64url with spare bits", "AB", "malformed"],
    ["four characters", "AAAA", "malformed"],
    ["a byte too few", toBase64Url(good.slice(0, -1)), "malformed"],
    ["a byte too many", toBase64Url(Uint8Array.of(...good, 0)), "malformed"],
    ["another version", spoil(0, 2), "malformed"],
    ["a seq that is no safe integer", spoil(seqAt, 255), "malformed"],
    ["the other kind", await by(peer.identity, { count: count === 0 ? 1 : 0 }), "wrong-kind"],
    ["a stranger's", await by(stranger), "wrong-node"],
    ["a member's whose lease has ended", await by(lapsed.identity), "wrong-node"],
    ["a coming epoch", await by(peer.identity, { epoch: 1 }), "wrong-epoch"],
    ["an unknown domain", await by(peer.identity, { domain: unknown }), "unknown-domain"],
    ["no symbols", await by(peer.identity, { signature: new Uint8Array() }), "wrong-size"],
    ["a symbol too few", await by(peer.identity, { signature: signature.slice(1) }), "wrong-size"],
    [
      "a symbol too many",
      await by(peer.identity, { signature: Uint8Array.of(...signature, 1) }),
      "wrong-size",
    ],
    [
      "slots that are elsewhere",
      await by(peer.identity, { signature: elsewhere.symbols }),
      "misdirected",
    ],
    [
      "missing symbols only",
      await by(peer.identity, { signature: signature.map(() => 0) }),
      "misdirected",
    ],
    ["signed for another mesh", toBase64Url(ofOtherMesh), "bad-signature"],
    ["signed by a stranger", await by({ ...stranger, node: entry.node }), "bad-signature"],
    [
      "signed by another member",
      await by({ ...mesh.target.identity, node: entry.node }),
      "bad-signature",
    ],
    ["a changed signature", spoil(good.length - 1, (good.at(-1) ?? 0) ^ 1), "bad-signature"],
    ["a changed seq", spoil(seqAt + 7, 9), "bad-signature"],
    [
      "no signature",
      toBase64Url(Uint8Array.of(...good.slice(0, -64), ...new Uint8Array(64))),
      "bad-signature",
    ],
    ...(count === 1 ? ([["a changed count", spoil(80, 7), "bad-signature"]] as const) : []),
    [
      "a tombstone's signature on an entry, or the reverse",
      spoil(80, count === 0 ? 1 : 0),
      // Its kind is what its count says.
      "wrong-kind",
    ],
    ["an older seq", await by(mesh.target.identity, { signature: heldBefore(), seq: 0 }), "stale"],
    [
      "the same seq with another count",
      await by(mesh.target.identity, conflicting(count)),
      "stale",
    ],
  ];
}

/** The symbols of what the good requests stored: an entry at the first, a tombstone at the second. */
function heldBefore(): Uint8Array<ArrayBuffer> {
  return mesh.held[0]?.symbols ?? new Uint8Array();
}

/** Another statement of one seq: of an entry about the entry's signature, of a tombstone the same. */
function conflicting(count: 0 | 1) {
  return { signature: heldBefore(), seq: 1, count: count === 0 ? 0 : 2 };
}

describe.each([
  ["POST /v1/peer/publish", 1],
  ["POST /v1/peer/withdraw", 0],
] as const)("%s", (name, count) => {
  test("refuses each bad statement for its own reason, alone, and stores none", async () => {
    const before = await mesh.stored();
    for (const [title, statement, reason] of await badStatements(count)) {
      const body = bytesOf({ entries: [statement] });
      const answer = await call(mesh, endpointOf(name), { body });
      expectStatus(answer, 200, title);
      const { stored, refused } = publishResponseSchema.parse(JSON.parse(answer.text));
      expect({ stored, refused }, title).toEqual({ stored: 0, refused: [{ index: 0, reason }] });
    }
    expect(await mesh.stored()).toEqual(before);
  });

  test("stores the good ones of a batch and refuses the others by their index", async () => {
    const bad = await badStatements(count);
    const signature = mesh.held[4 + count]?.symbols ?? new Uint8Array();
    const good = await mesh.statement(mesh.peer.identity, { signature, count });
    const entries = [...bad.map(([, statement]) => statement), good];
    const before = await mesh.stored();
    const answer = await call(mesh, endpointOf(name), { body: bytesOf({ entries }) });
    expectStatus(answer, 200);
    const { stored, refused } = publishResponseSchema.parse(JSON.parse(answer.text));
    expect(stored).toBe(1);
    expect(refused).toEqual(bad.map(([, , reason], index) => ({ index, reason })));
    expect(await mesh.stored()).not.toEqual(before);
  });
});

describe("PUT /v1/node/members", () => {
  test("refuses all where one is bad, and stores none", async () => {
    const endpoint = endpointOf("PUT /v1/node/members");
    const before = await mesh.stored();
    for (const [title, members] of await badMembers()) {
      const answer = await call(mesh, endpoint, { body: bytesOf(jsonOf(members)) });
      expectProblem(answer, 400, "bad-request", title);
    }
    expect(await mesh.stored()).toEqual(before);
    expectStatus(await call(mesh, endpoint), 204);
  });

  test("keeps the newer descriptor where an older one comes", async () => {
    const { members, peer, local } = mesh;
    const known = descriptorIn(members, peer.identity);
    if (!known) throw new Error("the peer has no descriptor");
    const statement = { ...known.descriptor, seq: known.descriptor.seq - 1, name: "Older" };
    const older = await signDescriptor(peer.identity, local.mesh, statement);
    const before = await mesh.stored();
    const body = bytesOf(jsonOf({ ...members, statements: toStatements([older]) }));
    expectStatus(await call(mesh, endpointOf("PUT /v1/node/members"), { body }), 204);
    expect(await mesh.stored()).toEqual(before);
  });
});

describe("POST /v1/peer/lookup", () => {
  test("is refused for a tree whose slot is elsewhere, or that the domain lacks", async () => {
    const endpoint = endpointOf("POST /v1/peer/lookup");
    const lookup = (symbols: Uint8Array, trees: number[]) =>
      call(mesh, endpoint, {
        body: bytesOf({
          domain: compiled.id,
          signature: toBase64Url(symbols),
          trees,
          limit: 1,
          membership: "v",
        }),
      });
    const before = await mesh.stored();
    const { elsewhere, held } = mesh;
    const symbols = held[0]?.symbols ?? new Uint8Array();
    expectProblem(await lookup(elsewhere.symbols, elsewhere.trees), 421, "misdirected");
    const lacking = expectProblem(await lookup(symbols, [0, 4]), 400, "bad-request");
    expect(lacking.errors?.map(({ path }) => path)).toEqual(["trees.1"]);
    const missing = expectProblem(
      await lookup(
        symbols.map(() => 0),
        [0],
      ),
      400,
      "bad-request",
    );
    expect(missing.errors?.map(({ path }) => path)).toEqual(["trees.0"]);
    expectProblem(await lookup(symbols.slice(1), [0]), 400, "bad-request");
    expect(await mesh.stored()).toEqual(before);
    expectStatus(await lookup(symbols, [0]), 200);
  });
});

function descriptorIn({ statements }: Members, identity: Identity): Descriptor | undefined {
  return statements
    .flatMap((held) => (held.type === "descriptor" ? [held.descriptor] : []))
    .find((descriptor) => nodeOf(descriptor) === identity.node);
}

/** What a node can be told of its mesh, each wrong in one way. */
async function badMembers(): Promise<(readonly [string, Members])[]> {
  const { members, local, peer, stranger } = mesh;
  const { charter } = members;
  const of = (identity: Identity) => descriptorIn(members, identity);
  const peers = of(peer.identity);
  const own = of(mesh.target.identity);
  if (!peers || !own) throw new Error("a member has no descriptor");
  const newer = (identity: Identity, changes: Partial<Descriptor["descriptor"]> = {}) =>
    signDescriptor(identity, local.mesh, {
      ...peers.descriptor,
      key: identity.publicKey,
      seq: peers.descriptor.seq + 1,
      ...changes,
    });
  const good = await newer(peer.identity);
  const now = Date.now();
  const otherMesh = meshIdOf({ ...charter.charter, name: "other" });
  const ofOtherMesh = await signDescriptor(peer.identity, otherMesh, good.descriptor);
  const renamed = { ...good, descriptor: { ...good.descriptor, name: "Renamed" } };
  const byStranger = await newer({ ...stranger, publicKey: peer.identity.publicKey });
  const inAnHour = now + 60 * 60 * 1000;
  const early = { issuedAt: inAnHour, expiresAt: inAnHour + 1000 };
  const withOne = (descriptor: Descriptor): Members => ({
    charter,
    // A newer one that is good stands before it: all or nothing is accepted.
    statements: toStatements([good, descriptor]),
  });
  return [
    [
      "another mesh's charter",
      { ...members, charter: { ...charter, charter: { ...charter.charter, name: "other" } } },
    ],
    [
      "a charter with one more founder",
      {
        ...members,
        charter: {
          ...charter,
          charter: {
            ...charter.charter,
            founders: [...charter.charter.founders, stranger.publicKey],
          },
        },
      },
    ],
    ["a descriptor with another's signature", withOne({ ...good, signature: own.signature })],
    ["a changed descriptor", withOne(renamed)],
    ["a descriptor for another mesh", withOne(ofOtherMesh)],
    ["a descriptor that a stranger signed", withOne(byStranger)],
    ["a stranger's descriptor", withOne(await newer(stranger))],
    ["a descriptor dated ahead", withOne(await newer(peer.identity, early))],
  ];
}
