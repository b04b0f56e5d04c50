/**
 * The mesh that bad input is sent to: three organisations of which one lapses, one replica a slot, and what
 * is needed to send the first of them good requests.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LocalMesh, type LocalOrganisation } from "../../../client/cli/local-mesh/local-mesh.ts";
import {
  canonicalBytes,
  createView,
  domainIdOf,
  membersSchema,
  openIdentity,
  secretKeyFrom,
  findEquivocation,
  signEntry,
  signVote,
  subjectOf,
  signRequest,
  slotsOf,
  toBase64Url,
  type Entry,
  type Identity,
  type Members,
  type MembershipView,
  type Statement,
} from "../../../protocol/index.ts";
import { storageDigest } from "../storage-digest.ts";
import { compiled, domainDocument, ontology, ontologyBytes, symbolsOf } from "./documents.ts";
import { send, type Answer, type Outgoing } from "./http.ts";

/** Long enough for the members to be given to every node before it ends. */
const SHORT_LEASE_MS = 2_500;

export interface BadInputMesh {
  readonly local: LocalMesh;
  /** The organisation that all requests go to. */
  readonly target: LocalOrganisation;
  /** Another member. */
  readonly peer: LocalOrganisation;
  /** A member whose lease has ended. */
  readonly lapsed: LocalOrganisation;
  /** Of no member. */
  readonly stranger: Identity;
  /** Those that the target has and whose lease holds: what it can be given again. */
  readonly members: Members;
  readonly view: MembershipView;
  /** Symbols whose slot in tree 0 the target holds, and all trees that lead to it. */
  readonly held: readonly { readonly symbols: Uint8Array<ArrayBuffer>; readonly trees: number[] }[];
  /** Symbols whose slots all lie elsewhere, and a tree of them. */
  readonly elsewhere: { readonly symbols: Uint8Array<ArrayBuffer>; readonly trees: number[] };
  /** A statement of `identity` about the domain, as base64url. */
  statement(identity: Identity, changes?: Partial<Entry>): Promise<string>;
  /** All that is stored by anyone's Worker. */
  stored(): Promise<Record<string, string>>;
  stop(): Promise<void>;
}

let shared: Promise<BadInputMesh> | undefined;

/** The one that all suites of a test file use. */
export function sharedMesh(): Promise<BadInputMesh> {
  return (shared ??= startBadInputMesh());
}

export async function startBadInputMesh(): Promise<BadInputMesh> {
  const directory = await mkdtemp(join(tmpdir(), "outcome-mesh-bad-input-"));
  const local = await LocalMesh.open({
    directory,
    // What is stored is compared: nothing else shall change it meanwhile.
    environment: { GOSSIP_SECONDS: "3600" },
    // What is wrong lies within: that a sealed query is read as any other, test/origin/sealing.test.ts shows.
    sealing: "optional",
    organisations: ["target", "peer", "lapsed", "twofaced"].map((slug) => ({
      slug,
      name: `Org ${slug}`,
    })),
    domains: [{ compiled, document: JSON.stringify(domainDocument) }],
    ontologies: [ontologyBytes],
    replicas: 1,
  });
  await local.startWorkers();
  const target = local.organisation("target");
  const ends = Date.now() + SHORT_LEASE_MS;
  await local.renew({ lapsed: { expiresAt: ends } });
  const told = await everyKind(local);
  for (const slug of ["target", "peer", "lapsed"]) await local.giveStatements(slug, told);

  const put = (path: string, body: Uint8Array<ArrayBuffer>, type: string): Promise<Answer> =>
    sendSigned(local, target, target.identity, { method: "PUT", path, body, type });
  await put(`/v1/ontologies/${ontology.id}`, ontologyBytes, "application/octet-stream");
  await put(
    `/v1/domains/${domainIdOf(domainDocument)}`,
    canonicalBytes(domainDocument),
    "application/json",
  );
  // One whose lease is over holds no slots: what is elsewhere, is so from then on.
  await sleep(Math.max(0, ends + 100 - Date.now()));
  const answer = await sendSigned(local, target, target.identity, {
    method: "GET",
    path: "/v1/node/members",
  });
  const { charter, statements } = membersSchema.parse(JSON.parse(answer.text));
  const view = createView(charter, statements, Date.now());
  const lapsed = local.organisation("lapsed");
  const places = Array.from({ length: 400 }, (_, i) => place(view, target, symbolsOf(i)));
  const elsewhere = places.find((found) => found.trees.length === 0);
  if (!elsewhere) throw new Error("no signature lies wholly at other nodes");

  return {
    local,
    target,
    peer: local.organisation("peer"),
    lapsed,
    stranger: await openIdentity(secretKeyFrom(randomBytes(32))),
    members: {
      charter,
      statements: statements.filter((held) => subjectOf(held) !== lapsed.identity.publicKey),
    },
    view,
    held: places.filter((found) => found.trees[0] === 0),
    elsewhere: { symbols: elsewhere.symbols, trees: [0] },
    statement: async (identity, changes = {}) => {
      const entry = {
        node: identity.node,
        domain: compiled.id,
        epoch: 0,
        seq: 1,
        count: 1,
        ...changes,
      };
      const signature = changes.signature ?? symbolsOf(0);
      return toBase64Url(await signEntry(identity, local.mesh, { ...entry, signature }));
    },
    stored: () => storageDigest(join(directory, "workers")),
    stop: async () => {
      await local.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A vote, and the proof that an organisation told two things: with descriptors, statements of every kind. */
async function everyKind(local: LocalMesh): Promise<Statement[]> {
  const { identity } = local.organisation("target");
  const { publicKey } = local.organisation("peer").identity;
  const vote = await signVote(identity, local.mesh, publicKey, "admit", Date.now());
  const seq = Date.now();
  const equivocation = findEquivocation([
    await local.describe("twofaced", { seq, name: "One face" }),
    await local.describe("twofaced", { seq, name: "The other" }),
  ]);
  if (!equivocation) throw new Error("these two are a contradiction");
  return [
    { type: "vote", vote },
    { type: "equivocation", equivocation },
  ];
}

/** The trees whose slot `node` holds. */
function place(view: MembershipView, node: LocalOrganisation, symbols: Uint8Array<ArrayBuffer>) {
  const slots = slotsOf(compiled.plan, symbols);
  const trees = slots.flatMap((slot, tree) => {
    const isHeld =
      slot !== undefined && view.placement.replicasOf(slot).includes(node.identity.node);
    return isHeld ? [tree] : [];
  });
  return { symbols, trees };
}

export interface SignedCall {
  readonly method: string;
  /** With its query, if any. */
  readonly path: string;
  readonly body?: Uint8Array<ArrayBuffer> | undefined;
  readonly type?: string | undefined;
}

/** A request that `identity` signs for the node at `to`. */
export async function signedRequest(
  local: LocalMesh,
  to: LocalOrganisation,
  identity: Identity,
  { method, path, body, type }: SignedCall,
): Promise<Outgoing> {
  const request = { method, url: to.meshUrl + path, body: body ?? new Uint8Array() };
  const signed = await signRequest(request, {
    identity,
    mesh: local.mesh,
    to: to.identity.node,
    now: Date.now(),
    nonce: randomBytes(16),
    timeoutMs: 60_000,
  });
  const headers = { ...signed, ...(type !== undefined && { "content-type": type }) };
  return { method, url: request.url, headers, body };
}

export async function sendSigned(
  local: LocalMesh,
  to: LocalOrganisation,
  identity: Identity,
  call: SignedCall,
): Promise<Answer> {
  return send(await signedRequest(local, to, identity, call));
}
