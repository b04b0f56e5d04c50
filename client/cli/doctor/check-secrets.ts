/** `doctor`'s question about keyed domains: can the gateway compute signatures where the own origin publishes? */
import type { StatusReport } from "../../../origin/index.ts";
import type { DomainId } from "../../../protocol/index.ts";
import { createClient, ProblemError, type Client } from "../../index.ts";
import { gatewayError } from "../gateway-errors.ts";
import { counted } from "../output.ts";
import type { Findings } from "./check.ts";

export async function checkSecrets(
  findings: Findings,
  url: string,
  { domains }: StatusReport,
  token: string | undefined,
): Promise<void> {
  // The check of the token said that it was not given.
  if (token === undefined) return;
  const client = createClient({ gateway: url, token });
  await findings.attempt("domain-secrets", async () => {
    const keyed: DomainId[] = [];
    const locked: DomainId[] = [];
    for (const { id } of domains) {
      const { signature } = await client.domain(id).catch((error: unknown) => {
        throw gatewayError(error, url);
      });
      if (!signature.key) continue;
      keyed.push(id);
      if (await lacksSecret(client, id)) locked.push(id);
    }
    if (keyed.length === 0) return;
    if (locked.length === 0) {
      findings.ok("domain-secrets", `the Worker has those of ${counted(keyed.length, "domain")}`);
      return;
    }
    const message = `the Worker refuses queries in ${locked.join(", ")}: it lacks the secret`;
    const hint = "cat *.secret | npx wrangler secret put DOMAIN_SECRETS, or ask in private mode";
    findings.warn("domain-secrets", message, hint);
  });
}

/** Asks with a profile of nothing, which is refused before anything is sent to anyone: but for the secret first. */
async function lacksSecret(client: Client, domain: DomainId): Promise<boolean> {
  try {
    await client.query({ domain, profile: {} }).response();
  } catch (error) {
    return error instanceof ProblemError && error.code === "domain-secret-missing";
  }
  return false;
}
