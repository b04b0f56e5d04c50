/** The origin under attack: its own code from the parsed query on, over a database of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { considerQuery, createHoldings, type Considered } from "../../origin/answering/index.ts";
import { loadRecords, openStore, policiesOf, publicationsOf } from "../../origin/index.ts";
import { policySchema } from "../../origin/policy/index.ts";
import {
  compileDomain,
  openIdentity,
  Refusal,
  secretKeyFrom,
  type NodeId,
  type OriginQuery,
} from "../../protocol/index.ts";
import { domain, type Person } from "./people.ts";

/** A member that asks. Undefined: refused. */
export type Ask = (
  query: Omit<OriginQuery, "domain">,
) => Promise<Pick<Considered, "results" | "aggregate"> | undefined>;

export interface AttackedOrigin {
  readonly ask: Ask;
  close(): Promise<void>;
}

/** A day of the attack: time stands still, so that no quota is renewed. */
const NOW = Date.UTC(2026, 0, 1);

/** `policy` as an administrator writes it. */
export async function openOrigin(
  people: readonly Person[],
  policy: object,
): Promise<AttackedOrigin> {
  const compiled = compileDomain(domain);
  if (!compiled.ok) throw new Error("the domain does not compile");
  const config = { policy: policySchema.parse(policy) };
  const domains = [compiled.value];
  const directory = await mkdtemp(join(tmpdir(), "outcome-mesh-attack-"));
  const path = join(directory, "origin.sqlite");
  fixSecret(path);
  const policies = policiesOf(config, domains);
  const store = openStore(path, domains, {
    publications: publicationsOf(policies),
    now: () => NOW,
  });
  await loadRecords(
    store,
    compiled.value,
    people.map(({ profile, disease }, i) => ({
      line: i + 1,
      raw: {
        id: `person-${i}`,
        group: `person-${i}`,
        profile,
        intervention: { procedure: "angiography" },
        result: { disease },
      },
    })),
  );
  const holdings = await createHoldings({
    store,
    domains,
    policies,
    database: path,
    now: () => NOW,
  });
  const { node } = await openIdentity(secretKeyFrom(new Uint8Array(32).fill(9)));
  return {
    ask: (query) => ask(holdings, node, { ...query, domain: compiled.value.id }),
    close: async () => {
      store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** References, and so the cohorts, follow from a database's secret: with a fixed one the figures are the seed's alone. */
function fixSecret(path: string): void {
  openStore(path, []).close();
  const db = new DatabaseSync(path);
  db.prepare("UPDATE node SET reference_secret = ?").run(new Uint8Array(32).fill(5));
  db.close();
}

/** The attacker waits for ever. */
const requireTime = (): void => undefined;

async function ask(
  holdings: Parameters<typeof considerQuery>[0],
  node: NodeId,
  query: OriginQuery,
): ReturnType<Ask> {
  const asker = { node, name: undefined };
  try {
    const considered = await considerQuery(holdings, { asker, query, counts: true, requireTime });
    return considered.decision.outcome === "refused" ? undefined : considered;
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
