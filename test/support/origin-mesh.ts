/**
 * Nodes for tests of the origin: each speaks the part of the Worker's interface that an origin uses, checks
 * everything with the protocol's own code, and keeps what it was sent. The Worker itself is tested with the
 * whole mesh.
 */
import { serve, type ServerType } from "@hono/node-server";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Hono } from "hono";
import {
  LEASE_MS,
  contentId,
  decodeEntry,
  domainIdOf,
  entryKeyOf,
  fromBase64Url,
  holdingsSchema,
  isTombstone,
  meshIdOf,
  nodeIdOf,
  openIdentity,
  parseDomain,
  planRouting,
  problemResponse,
  publishRequestSchema,
  parseBody,
  secretKeyFrom,
  signCharter,
  signedAnswerTo,
  signDescriptor,
  slotsOf,
  toStatements,
  toBase64Url,
  createView,
  verifyEntry,
  verifyRequest,
  type Charter,
  type CompiledDomain,
  type Descriptor,
  type Entry,
  type HeldDomains,
  type Identity,
  type MembershipView,
  type MeshId,
  type PublishResponse,
  type RefusalReason,
  type RoutingPlan,
  type SecretKey,
} from "../../protocol/index.ts";

const HOST = "127.0.0.1";

export interface TestMember {
  readonly key: SecretKey;
  readonly identity: Identity;
  readonly node: TestNode;
}

export interface TestMesh {
  readonly id: MeshId;
  readonly charter: Charter;
  readonly members: readonly [TestMember, ...TestMember[]];
  view(): MembershipView;
  /** Gives every node new descriptors of `members`, by default of all. */
  announce(
    members?: readonly TestMember[],
    changes?: Partial<Descriptor["descriptor"]>,
  ): Promise<void>;
  stop(): Promise<void>;
}

/** A mesh of `size` running nodes that know each other. The first is the own Worker of the origin under test. */
export async function startTestMesh(size: number, replicas = 2): Promise<TestMesh> {
  const keys = Array.from({ length: size }, () => secretKeyFrom(randomBytes(32)));
  const identities = await Promise.all(keys.map(openIdentity));
  const charter = await signCharter(
    {
      version: 1,
      name: "test mesh",
      founders: identities.map((identity) => identity.publicKey),
      admission: { rule: "founders", threshold: 1 },
      replicas,
      slots: 65_536,
    },
    identities,
  );
  const id = meshIdOf(charter.charter);
  const members = await Promise.all(
    identities.map(async (identity, i): Promise<TestMember> => {
      const node = new TestNode(identity, id);
      await node.start();
      return { key: keys[i] ?? secretKeyFrom(randomBytes(32)), identity, node };
    }),
  );
  const [own, ...others] = members;
  if (!own) throw new RangeError("a mesh needs a node");
  let seq = 0;
  const mesh: TestMesh = {
    id,
    charter,
    members: [own, ...others],
    view: () => createView(charter, toStatements(own.node.members), Date.now()),
    announce: async (announced = members, changes = {}) => {
      seq += 1;
      const issuedAt = Date.now();
      const descriptors = await Promise.all(
        announced.map(({ identity, node }, i) =>
          signDescriptor(identity, id, {
            version: 1,
            key: identity.publicKey,
            name: `node ${i}`,
            meshUrl: node.url,
            domains: [],
            capacity: 1,
            epoch: 0,
            seq,
            issuedAt,
            expiresAt: issuedAt + LEASE_MS,
            ...changes,
          }),
        ),
      );
      for (const { node } of members) node.setMembers(charter, descriptors);
    },
    stop: async () => {
      await Promise.all(members.map(({ node }) => node.stop()));
    },
  };
  await mesh.announce();
  return mesh;
}

export class TestNode {
  readonly identity: Identity;
  readonly #mesh: MeshId;
  #server: ServerType | undefined;
  #port = 0;
  #view: MembershipView | undefined;
  members: readonly Descriptor[] = [];
  #charter: Charter | undefined;
  readonly #plans = new Map<string, RoutingPlan>();
  /** Statements by what they are about: the latest, as a shard keeps it. */
  readonly #held = new Map<string, Entry>();
  /** Every statement that came, also those held already. */
  readonly received: Entry[] = [];
  readonly ontologies = new Set<string>();
  membershipRequests = 0;
  /** What its origin last had it say. */
  holdings: HeldDomains | undefined;
  /** What it does with a batch: `hang` stores it and never answers, `lose` forgets it and never answers. */
  mode: "answer" | "hang" | "lose" | "refuse" = "answer";
  /** Batches that were lost. */
  lost = 0;

  constructor(identity: Identity, mesh: MeshId) {
    this.identity = identity;
    this.#mesh = mesh;
  }

  get url(): string {
    return `http://${HOST}:${this.#port}`;
  }

  /** Entries that are not withdrawn. */
  get entries(): Entry[] {
    return [...this.#held.values()].filter((entry) => !isTombstone(entry));
  }

  learn(domain: CompiledDomain): void {
    this.#plans.set(domain.id, domain.plan);
  }

  knows(domain: CompiledDomain): boolean {
    return this.#plans.has(domain.id);
  }

  setMembers(charter: Charter, descriptors: readonly Descriptor[]): void {
    this.#charter = charter;
    this.members = descriptors;
    this.#view = createView(charter, toStatements(descriptors), Date.now());
  }

  /** Starts, again at its port where it had one. */
  async start(): Promise<void> {
    const server = serve({ fetch: this.#app().fetch, hostname: HOST, port: this.#port });
    this.#server = server;
    await once(server, "listening");
    const address = server.address();
    if (address !== null && typeof address === "object") this.#port = address.port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    if ("closeAllConnections" in server) server.closeAllConnections();
    await closed;
  }

  #app(): Hono {
    const app = new Hono();
    app.use(async (c, next) => {
      await next();
      const { identity } = this;
      const signing = { identity, mesh: this.#mesh, now: Date.now() };
      c.res = await signedAnswerTo(c.req.raw, c.res, signing);
    });
    app.use(async (c, next) => {
      const body = new Uint8Array(await c.req.arrayBuffer());
      const request = { method: c.req.method, url: c.req.url, headers: c.req.raw.headers, body };
      const sender = await verifyRequest(request, {
        mesh: this.#mesh,
        self: this.identity.node,
        now: Date.now(),
        keyOf: (node) =>
          this.#charter?.charter.founders.find((founder) => nodeIdOf(founder) === node),
        acceptsDelegates: false,
      });
      if (!sender.ok) return problemResponse(sender.error);
      return next();
    });
    app.get("/v1/node/members", (c) => {
      this.membershipRequests += 1;
      if (!this.#charter) return problemResponse("not-ready");
      return c.json({ charter: this.#charter, statements: toStatements(this.members) });
    });
    app.put("/v1/ontologies/:id", async (c) => {
      const id = c.req.param("id");
      if (contentId(new Uint8Array(await c.req.arrayBuffer())) !== id) {
        return problemResponse("bad-request");
      }
      this.ontologies.add(id);
      return c.body(null, 204);
    });
    app.put("/v1/domains/:id", async (c) => {
      const domain = parseDomain(await c.req.text());
      if (!domain.ok || domainIdOf(domain.value) !== c.req.param("id")) {
        return problemResponse("bad-request");
      }
      const id = domainIdOf(domain.value);
      this.#plans.set(id, planRouting(domain.value, id));
      return c.body(null, 204);
    });
    app.put("/v1/node/holdings", async (c) => {
      this.holdings = parseBody(holdingsSchema, new Uint8Array(await c.req.arrayBuffer()));
      return c.body(null, 204);
    });
    app.post("/v1/peer/publish", async (c) => this.#batch(await c.req.arrayBuffer(), false));
    app.post("/v1/peer/withdraw", async (c) => this.#batch(await c.req.arrayBuffer(), true));
    return app;
  }

  async #batch(body: ArrayBuffer, isWithdrawal: boolean): Promise<Response> {
    if (this.mode === "refuse") return problemResponse("internal");
    if (this.mode === "lose") {
      this.lost += 1;
      return new Promise(() => {});
    }
    const { entries } = parseBody(publishRequestSchema, new Uint8Array(body));
    const refused: PublishResponse["refused"] = [];
    for (const [index, text] of entries.entries()) {
      const reason = await this.#accept(fromBase64Url(text), isWithdrawal);
      if (reason) refused.push({ index, reason });
    }
    if (this.mode === "hang") return new Promise(() => {});
    return Response.json({
      stored: entries.length - refused.length,
      refused,
      membership: this.#view?.version ?? "",
    });
  }

  async #accept(bytes: Uint8Array, isWithdrawal: boolean): Promise<RefusalReason | undefined> {
    const decoded = decodeEntry(bytes);
    if (!decoded.ok) return "malformed";
    const entry = decoded.value;
    if (isTombstone(entry) !== isWithdrawal) return "wrong-kind";
    const member = this.#view?.live(entry.node, Date.now());
    if (!member) return "wrong-node";
    if (member.epoch !== entry.epoch) return "wrong-epoch";
    const plan = this.#plans.get(entry.domain);
    if (!plan) return "unknown-domain";
    const isOurs = slotsOf(plan, entry.signature).some(
      (slot) =>
        slot !== undefined && this.#view?.placement.replicasOf(slot).includes(this.identity.node),
    );
    if (!isOurs) return "misdirected";
    if (!(await verifyEntry(bytes, entry, this.#mesh, member.key))) return "bad-signature";
    this.received.push(entry);
    const key = toBase64Url(entryKeyOf(entry.node, entry.domain, entry.signature));
    const held = this.#held.get(key);
    if (held && held.seq > entry.seq) return "stale";
    this.#held.set(key, entry);
    return undefined;
  }
}

/** All that the nodes hold for the origin's slots: each entry once a replica. */
export function replicasHolding(mesh: TestMesh, domain: CompiledDomain, signature: Uint8Array) {
  const view = mesh.view();
  const slots = slotsOf(domain.plan, signature).filter((slot) => slot !== undefined);
  const wanted = new Set(slots.flatMap((slot) => view.placement.replicasOf(slot)));
  const holding = mesh.members
    .filter(({ node }) =>
      node.entries.some((entry) => toBase64Url(entry.signature) === toBase64Url(signature)),
    )
    .map(({ identity }) => identity.node);
  return { wanted: [...wanted].toSorted(), holding: holding.toSorted() };
}
