/** The domains that the configuration names, compiled with their ontologies. */
import { readFile } from "node:fs/promises";
import {
  compileDomain,
  decodeOntology,
  parseDomain,
  secretFor,
  type CompiledDomain,
  type Issue,
  type Ontology,
  type OntologyId,
} from "../protocol/index.ts";
import { ConfigError, unreadable, type OriginConfig } from "./config.ts";

export interface LoadedDomains {
  readonly domains: readonly CompiledDomain[];
  /** The compiled files, by id, as they are given to the own Worker. */
  readonly ontologies: ReadonlyMap<OntologyId, Uint8Array<ArrayBuffer>>;
}

/** Reads and compiles them. Throws a `ConfigError` that names the file and its offending fields. */
export async function loadDomains(
  config: Pick<OriginConfig, "domains" | "domainSecrets" | "ontologies">,
): Promise<LoadedDomains> {
  const files = new Map<OntologyId, Uint8Array<ArrayBuffer>>();
  const ontologies = new Map<OntologyId, Ontology>();
  for (const [i, path] of config.ontologies.entries()) {
    const bytes = Uint8Array.from(await readConfigured(path, `ontologies.${i}`));
    const ontology = openOntology(path, bytes);
    files.set(ontology.id, bytes);
    ontologies.set(ontology.id, ontology);
  }
  const domains: CompiledDomain[] = [];
  for (const [i, path] of config.domains.entries()) {
    const text = new TextDecoder().decode(await readConfigured(path, `domains.${i}`));
    const domain = parseDomain(text);
    if (!domain.ok) throw new ConfigError(path, domain.error);
    const compiled = compileDomain(domain.value, ontologies, {
      secret: secretFor(domain.value, config.domainSecrets),
    });
    if (!compiled.ok) throw new ConfigError(path, compiled.error);
    if (domains.some(({ id }) => id === compiled.value.id)) {
      throw new ConfigError(path, [{ path: "", message: "is a domain that is configured twice" }]);
    }
    domains.push(compiled.value);
  }
  return { domains, ontologies: files };
}

async function readConfigured(path: string, field: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new ConfigError(path, [unreadable(field, error)]);
  }
}

function openOntology(path: string, bytes: Uint8Array): Ontology {
  try {
    return decodeOntology(bytes);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const issue: Issue = { path: "", message };
    throw new ConfigError(path, [issue]);
  }
}
