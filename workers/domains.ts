/** Domains and signatures that requests name. */
import { compiledDomain, knownDomain } from "../durable-objects/domain-cache.ts";
import {
  DOMAIN_KEY_PATH,
  fromBase64Url,
  Refusal,
  type CompiledDomain,
  type DomainId,
  type RoutingPlan,
} from "../protocol/index.ts";
import type { NodeContext } from "./node-context.ts";

/** What routing needs of a domain. Refuses if this node does not know it. */
export async function requirePlan(node: NodeContext, id: DomainId): Promise<RoutingPlan> {
  const known = await knownDomain(node.env, id);
  if (!known) throw unknownDomain(id);
  return known.plan;
}

/** The domain, ready to encode profiles. Refuses if this node does not know it, or lacks its secret or an ontology. */
export async function requireDomain(node: NodeContext, id: DomainId): Promise<CompiledDomain> {
  const compiled = await compiledDomain(node.env, id);
  if (!compiled) throw unknownDomain(id);
  if (!compiled.ok) {
    const errors = compiled.error;
    const lacksSecret = errors.some(({ path }) => path === DOMAIN_KEY_PATH);
    if (!lacksSecret) throw new Refusal("not-ready", { errors });
    throw new Refusal("domain-secret-missing", { detail: SECRET_MISSING, errors });
  }
  return compiled.value;
}

const SECRET_MISSING =
  "the domain is keyed: add its secret to the Worker's DOMAIN_SECRETS, or ask in private mode with the secret";

function unknownDomain(id: DomainId): Refusal {
  return new Refusal("unknown-domain", { detail: `this node does not know domain ${id}` });
}

/** Symbols of a signature. Refuses what is not base64url or not as long as the domain says. */
export function readSymbols(text: string, symbols: number): Uint8Array {
  let signature = new Uint8Array();
  try {
    signature = fromBase64Url(text);
  } catch {
    throw new Refusal("bad-request", {
      errors: [{ path: "signature", message: "is not base64url" }],
    });
  }
  if (signature.length !== symbols) {
    const message = `must have the domain's ${symbols} symbols, has ${signature.length}`;
    throw new Refusal("bad-request", { errors: [{ path: "signature", message }] });
  }
  return signature;
}
