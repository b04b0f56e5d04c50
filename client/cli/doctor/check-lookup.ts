/** `doctor`'s own lookup: a signature that means nothing, routed as a query's would be. */
import { randomBytes } from "node:crypto";
import {
  SYMBOL_VALUES,
  domainSchema,
  openIdentity,
  parseJson,
  routeResponseSchema,
  secretKeyFrom,
  toBase64Url,
  utf8Bytes,
  type DomainId,
  type RouteInput,
  type RouteResponse,
} from "../../../protocol/index.ts";
import { errorOf } from "../../problem-error.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { gatewayError } from "../gateway-errors.ts";
import type { OwnNode } from "../mesh/own-node.ts";
import { counted } from "../output.ts";
import type { Findings } from "./check.ts";

const DEADLINE_MS = 10_000;
const GRACE_MS = 5_000;
/** Enough to see that origins are found. */
const ORIGINS = 24;

/** Routes a random signature of the first domain that the Worker knows, through the gateway. */
export async function checkLookup(
  findings: Findings,
  node: OwnNode,
  domain: DomainId | undefined,
  token: string | undefined,
): Promise<void> {
  if (token === undefined) {
    findings.skip("lookup", "needs the requester token (--token)");
    return;
  }
  if (domain === undefined) {
    findings.skip("lookup", "the Worker knows no domain yet");
    return;
  }
  await findings.attempt("lookup", async () => {
    const { signature: settings } = await node.read(`/v1/domains/${domain}`, domainSchema);
    const delegate = await openIdentity(secretKeyFrom(randomBytes(32)));
    const route = await postRoute(node.url, token, {
      domain,
      signature: toBase64Url(randomSymbols(settings.symbols)),
      maxOrigins: ORIGINS,
      deadlineMs: DEADLINE_MS,
      delegate: delegate.publicKey,
    });
    const { coverage, cost, origins } = route;
    const message = `${coverage.slotsAnswered} of ${counted(coverage.slotsAsked, "slot")} answered in ${Math.round(cost.milliseconds)} ms, ${counted(cost.lookupRequests, "request")}; ${counted(origins.length, "origin")} found`;
    if (coverage.slotsAnswered === coverage.slotsAsked) findings.ok("lookup", message);
    else {
      const hint =
        "nodes that hold the others do not answer: `outcome-mesh node status` lists them";
      findings.warn("lookup", message, hint);
    }
  });
}

function randomSymbols(count: number): Uint8Array {
  return Uint8Array.from(randomBytes(count), (byte) => 1 + (byte % SYMBOL_VALUES));
}

async function postRoute(url: string, token: string, body: RouteInput): Promise<RouteResponse> {
  try {
    const response = await fetch(`${url}/v1/route`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      redirect: "manual",
      body: utf8Bytes(JSON.stringify(body)),
      signal: AbortSignal.timeout(DEADLINE_MS + GRACE_MS),
    });
    const text = await response.text();
    if (response.status !== 200) throw errorOf(response.status, text);
    const json = parseJson(text);
    const route = routeResponseSchema.safeParse(json.ok ? json.value : undefined);
    if (route.success) return route.data;
  } catch (error) {
    throw gatewayError(error, url);
  }
  throw new CliError(`${url} does not answer as a gateway`, { exitCode: EXIT.unreachable });
}
