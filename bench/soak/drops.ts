/** What is done to the mesh in a soak: links cut or gone silent, Workers killed. One thing at a time. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../examples/random.ts";
import { statusReportSchema } from "../../origin/index.ts";
import type { Incidents } from "./incidents.ts";
import { LINKED, SLUGS, type SoakMesh } from "./soak-mesh.ts";

/** A link that is silent is given up after 25 s; then it is made anew. */
const RECOVER_MS = 60_000;
const POLL_MS = 500;

export interface Drop {
  readonly kind: "link cut" | "link silent" | "Worker killed";
  readonly slug: string;
  /** From when all is restored until the link is there again; undefined where there is none. */
  readonly recoveredMs?: number;
}

export interface DropOptions {
  readonly mesh: SoakMesh;
  readonly incidents: Incidents;
  readonly random: Random;
}

export async function dropOne({ mesh, incidents, random }: DropOptions): Promise<Drop> {
  const kind = random.pick(["link cut", "link silent", "Worker killed"] as const);
  const slug = random.pick(kind === "Worker killed" ? SLUGS : LINKED);
  const isWorker = kind === "Worker killed";
  const back = (isWorker ? (["worker", "link"] as const) : (["link"] as const)).map((part) =>
    incidents.excuse(part, slug),
  );
  const awayMs = 1000 + random.below(7000);
  const proxy = mesh.proxies.get(slug);
  const before = Date.now();
  if (isWorker) {
    await mesh.local.killWorker(slug);
    await sleep(awayMs);
    await mesh.local.startWorker(slug);
  } else if (proxy && kind === "link cut") {
    proxy.open = false;
    proxy.cut();
    await sleep(awayMs);
    proxy.open = true;
  } else proxy?.silence();
  const since = Date.now();
  let recoveredMs: number | undefined;
  if (proxy) {
    if (await isLinkedAgain(mesh, slug, before)) recoveredMs = Date.now() - since;
    else incidents.unexplained(`link of ${slug} is not there again`, `${kind}, ${RECOVER_MS} ms`);
  }
  for (const end of back) end();
  return { kind, slug, ...(recoveredMs !== undefined && { recoveredMs }) };
}

async function isLinkedAgain({ local }: SoakMesh, slug: string, after: number): Promise<boolean> {
  const { originUrl, operatorToken } = local.organisation(slug);
  const headers = { authorization: `Bearer ${operatorToken}` };
  for (const until = Date.now() + RECOVER_MS; Date.now() < until; await sleep(POLL_MS)) {
    const response = await fetch(`${originUrl}/v1/status`, { headers });
    const { parts } = statusReportSchema.parse(await response.json());
    const details = parts.find(({ name }) => name === "link")?.details;
    const connectedSince = Date.parse(String(details?.["connectedSince"]));
    if (details?.["state"] === "connected" && connectedSince >= after) return true;
  }
  return false;
}
