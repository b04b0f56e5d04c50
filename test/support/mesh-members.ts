/** What tests of the membership do to a local mesh: look at nodes' views, vote, and wait until all agree. */
import type { LocalMesh } from "../../client/cli/local-mesh/local-mesh.ts";
import {
  createView,
  membersSchema,
  readJson,
  signedFetch,
  signVote,
  type MembershipView,
  type PeerResponse,
  type Statement,
  type Verdict,
} from "../../protocol/index.ts";
import { testCaller } from "./test-caller.ts";

/** A request of one organisation's node to another's, signed. Throws if it is not answered by that node. */
export async function request(
  mesh: LocalMesh,
  from: string,
  to: string,
  path: string,
): Promise<PeerResponse> {
  const { identity } = mesh.organisation(from);
  const target = mesh.organisation(to);
  const { result } = await signedFetch(testCaller(identity, mesh.mesh), {
    method: "GET",
    url: target.meshUrl + path,
    to: target.identity.node,
    key: target.identity.publicKey,
    maxBytes: 1_048_576,
    timeoutMs: 10_000,
  });
  if (!result.ok) throw new Error(`${to} did not answer: ${result.error}`);
  return result.value;
}

/** A node's view, as it tells its own operator. */
export async function viewOf(mesh: LocalMesh, slug: string): Promise<MembershipView> {
  const { body } = await request(mesh, slug, slug, "/v1/node/members");
  const { charter, statements } = membersSchema.parse(readJson(body));
  return createView(charter, statements, Date.now());
}

export async function vote(
  mesh: LocalMesh,
  by: string,
  verdict: Verdict,
  subject: string,
): Promise<Statement> {
  const { publicKey } = mesh.organisation(subject).identity;
  const signed = await signVote(
    mesh.organisation(by).identity,
    mesh.mesh,
    publicKey,
    verdict,
    Date.now(),
  );
  return { type: "vote", vote: signed };
}

const POLL_MS = 50;
const AGREE_TIMEOUT_MS = 60_000;

/** Waits until the views of all `slugs` are as `isSo` says. Returns the milliseconds that it took. */
export async function untilAll(
  mesh: LocalMesh,
  slugs: readonly string[],
  isSo: (view: MembershipView) => boolean,
): Promise<number> {
  const startedAt = Date.now();
  let waiting = [...slugs];
  while (waiting.length > 0) {
    const views = await Promise.all(
      waiting.map(async (slug) => ({ slug, view: await viewOf(mesh, slug) })),
    );
    waiting = views.filter(({ view }) => !isSo(view)).map(({ slug }) => slug);
    if (waiting.length === 0) break;
    if (Date.now() - startedAt > AGREE_TIMEOUT_MS) {
      throw new Error(`${waiting.join()} did not come to agree`);
    }
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
  return Date.now() - startedAt;
}
