/** An origin with its configuration on disk, and the requests that members and operators send to it. */
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  readOriginConfig,
  startOrigin,
  type OriginConfig,
  type RunningOrigin,
} from "../../origin/index.ts";
import {
  DELEGATION_MS,
  PROBLEM_MEDIA_TYPE,
  openIdentity,
  problemCode,
  problemSchema,
  secretKeyFrom,
  signDelegation,
  signRequest,
  utf8Bytes,
  type Delegation,
  type Identity,
  type MeshId,
  type NodeId,
} from "../../protocol/index.ts";
import { domainDocument, ontologyBytes, temporaryDirectory } from "./origin-domain.ts";
import type { TestMesh } from "./origin-mesh.ts";

export const OPERATOR_TOKEN = "operator-token-of-the-tests";

/** Most tests look at single records, which policy gives only where it says so. */
export const SINGLE_CASES = { minimumGroupSize: 1 };

/** Writes an origin's configuration into a directory; returns the file's path. */
export async function writeOriginFiles(
  mesh: TestMesh,
  { policy, ...changes }: Readonly<Record<string, unknown>> & { readonly policy?: object } = {},
): Promise<string> {
  const directory = await temporaryDirectory();
  await mkdir(directory, { recursive: true });
  const [own] = mesh.members;
  await writeFile(join(directory, "node.key"), `${own.key}\n`);
  await writeFile(join(directory, "operator.token"), `${OPERATOR_TOKEN}\n`);
  await writeFile(join(directory, "ward.json"), JSON.stringify(domainDocument));
  await writeFile(join(directory, "small.omo"), ontologyBytes);
  const file = join(directory, "origin.json");
  const config = {
    meshId: mesh.id,
    meshUrl: own.node.url,
    listen: { host: "127.0.0.1", port: 0 },
    database: "origin.sqlite",
    keyFile: "node.key",
    operatorTokenFile: "operator.token",
    domains: ["ward.json"],
    ontologies: ["small.omo"],
    // Most tests are about what is within: those of sealing ask for it.
    sealing: { mode: "optional" },
    ...changes,
    policy: { ...SINGLE_CASES, ...policy },
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

export interface TestOrigin {
  readonly config: OriginConfig;
  readonly origin: RunningOrigin;
  readonly url: string;
}

export async function startTestOrigin(configFile: string): Promise<TestOrigin> {
  const config = await readOriginConfig(configFile, {});
  const origin = await startOrigin(config);
  return { config, origin, url: origin.url };
}

/** A request by the operator. */
export function asOperator(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  token = OPERATOR_TOKEN,
): Promise<Response> {
  return fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
}

export interface QuerySender {
  readonly identity: Identity;
  readonly mesh: MeshId;
  readonly to: NodeId;
  readonly delegation?: Delegation;
  readonly now?: number;
  readonly timeoutMs?: number;
}

/** The headers and body of a signed query, to be sent with `postQuery`. */
export async function signedQuery(
  url: string,
  query: unknown,
  sender: QuerySender,
): Promise<{ headers: Record<string, string>; body: Uint8Array<ArrayBuffer> }> {
  const body = utf8Bytes(typeof query === "string" ? query : JSON.stringify(query));
  const signed = await signRequest(
    { method: "POST", url: `${url}/v1/outcomes/query`, body },
    { timeoutMs: 60_000, ...sender, now: sender.now ?? Date.now(), nonce: randomBytes(16) },
  );
  return { headers: { ...signed, "content-type": "application/json" }, body };
}

export function postQuery(
  url: string,
  request: { headers: Record<string, string>; body: Uint8Array<ArrayBuffer> },
): Promise<Response> {
  return fetch(`${url}/v1/outcomes/query`, { method: "POST", ...request });
}

/** A client's own key, with a member's word that it may ask in its name. */
export async function delegateOf(
  mesh: MeshId,
  member: Identity,
): Promise<{ identity: Identity; delegation: Delegation }> {
  const identity = await openIdentity(secretKeyFrom(randomBytes(32)));
  const expiresAt = Date.now() + DELEGATION_MS;
  return {
    identity,
    delegation: await signDelegation(member, mesh, identity.publicKey, expiresAt),
  };
}

export interface RefusalSeen {
  readonly status: number;
  readonly code: string | undefined;
  /** Of the offending fields, sorted. */
  readonly paths?: readonly string[];
}

/** What a refusal says. Throws if it is no problem document, or one of another status. */
export async function refusalOf(response: Response): Promise<RefusalSeen> {
  const mediaType = response.headers.get("content-type");
  if (mediaType !== PROBLEM_MEDIA_TYPE) {
    throw new Error(`${response.status} with ${mediaType}: ${await response.text()}`);
  }
  const problem = problemSchema.parse(await response.json());
  if (problem.status !== response.status) throw new Error("the document has another status");
  const paths = problem.errors?.map(({ path }) => path).toSorted();
  return { status: problem.status, code: problemCode(problem), ...(paths && { paths }) };
}
