/** `doctor`'s questions to the origin: does it run, can others reach it, has the mesh heard what it holds? */
import { z } from "zod";
import type { OriginConfig, StatusReport } from "../../../origin/index.ts";
import {
  linkedOriginUrl,
  linkStatusSchema,
  ORIGIN_LINK_PATH,
  type MemberReport,
} from "../../../protocol/index.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { domainListSchema, type OwnNode } from "../mesh/own-node.ts";
import { listeningUrl, readOriginStatus } from "../origin-status.ts";
import { counted } from "../output.ts";
import { unreachableError } from "../request-errors.ts";
import type { Findings } from "./check.ts";

const TIMEOUT_MS = 15_000;
const originHealthSchema = z.object({ status: z.literal("ok") });

/** The origin as its operator sees it, on its own machine or at `url`. */
export async function checkOwnOrigin(
  findings: Findings,
  config: OriginConfig,
  url: string | undefined,
): Promise<StatusReport | undefined> {
  const status = await findings.attempt("origin", () =>
    readOriginStatus(url ?? listeningUrl(config), config.operatorToken),
  );
  if (!status) return undefined;
  const { domains, outbox, membership, parts } = status;
  const records = domains.reduce((sum, domain) => sum + domain.records, 0);
  findings.ok("origin", `${counted(records, "record")} in ${counted(domains.length, "domain")}`);
  if (!membership) {
    const hint = "its log says why it can not read GET /v1/node/members of the Worker";
    findings.fail("origin-members", "the origin does not know the mesh's members yet", hint);
  }
  for (const { name, state, summary } of parts) {
    const hint = "docs/origin.md says what each part does";
    if (state === "failing") findings.fail(name, summary, hint);
    if (state === "attention") findings.warn(name, summary, hint);
  }
  if (outbox.waiting === 0) {
    findings.ok("outbox", "the mesh knows of all entries");
  } else {
    const nodes = outbox.missing.map(({ node, entries }) => `${node}: ${entries}`).join(", ");
    const message = `the mesh has yet to acknowledge ${counted(outbox.waiting, "statement")}${nodes === "" ? "" : ` (${nodes})`}`;
    findings.warn("outbox", message, "the origin tries again by itself; its log says why it fails");
  }
  return status;
}

/** Whether the Worker has what the origin serves, and tells others of it. */
export async function checkProvisioned(
  findings: Findings,
  node: OwnNode,
  status: StatusReport,
  own: MemberReport | undefined,
): Promise<void> {
  const known = await findings.attempt("domains", () => node.read("/v1/domains", domainListSchema));
  if (!known) return;
  const ids = new Set(known.domains.map(({ id }) => id));
  const missing = status.domains.filter(({ id }) => !ids.has(id)).map(({ name }) => name);
  const hint =
    "the origin gives its Worker the domains when it starts: its log says why it could not";
  if (missing.length > 0) {
    findings.fail("domains", `the Worker lacks the domains ${missing.join(", ")}`, hint);
  } else if (own?.described && own.described.domains < status.domains.length) {
    const message = `the node's descriptor names ${own.described.domains} of ${counted(status.domains.length, "domain")}`;
    findings.warn("domains", message, "the next renewal, within the hour, tells the others");
  } else {
    findings.ok("domains", `the Worker has ${counted(status.domains.length, "domain")}`);
  }
}

/** Whether the address that others are told leads to an origin. */
export async function checkAdvertisedOrigin(
  findings: Findings,
  node: OwnNode,
  own: MemberReport | undefined,
): Promise<void> {
  const url = own?.described?.originUrl;
  if (url === undefined) {
    findings.skip("origin-url", "the node tells of no origin, neither by ORIGIN_URL nor by a link");
    return;
  }
  if (url === linkedOriginUrl(own?.described?.meshUrl ?? "")) return checkLink(findings, node);
  await findings.attempt("origin-url", async () => {
    const hint = "is the proxy or tunnel before the origin up, and is ORIGIN_URL its address?";
    const status = await readOriginHealth(url).catch((error: unknown) => {
      throw (
        unreachableError(error, { what: "the origin at its public address", url, hint }) ?? error
      );
    });
    if (status === 200) {
      findings.ok("origin-url", `others are told ${url}, which leads to an origin`);
      return;
    }
    throw new CliError(`${url} does not answer as an origin`, {
      exitCode: EXIT.unreachable,
      hint,
    });
  });
}

/** Whether the origin is connected to its Worker, through which others ask it. */
async function checkLink(findings: Findings, node: OwnNode): Promise<void> {
  const link = await findings.attempt("link", () => node.read(ORIGIN_LINK_PATH, linkStatusSchema));
  if (!link) return;
  if (!link.connected) {
    const hint = "is the origin started, and what does its log say of the link? See docs/link.md";
    findings.fail("link", "others ask the origin over its link, and it is not connected", hint);
    return;
  }
  const since = new Date(link.connectedSince ?? 0).toISOString();
  findings.ok("link", `others ask the origin over its link, connected since ${since}`);
}

/** 200 where an origin answers, else 0. */
async function readOriginHealth(url: string): Promise<200 | 0> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(`${url}/health`, { redirect: "manual", signal });
  const text = await response.text();
  try {
    const isOrigin = originHealthSchema.safeParse(JSON.parse(text)).success;
    return response.status === 200 && isOrigin ? 200 : 0;
  } catch {
    return 0;
  }
}
