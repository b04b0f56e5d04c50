/** Files that commands are given. Each throws a `CliError` that names the file and its offending fields. */
import { readFile } from "node:fs/promises";
import {
  compileDomain,
  decodeOntology,
  DOMAIN_KEY_PATH,
  domainSecretsSchema,
  parseDomain,
  secretFor,
  type CompiledDomain,
  type Domain,
  type DomainSecret,
  type Ontology,
  type OntologyId,
} from "../../protocol/index.ts";
import { CliError } from "./cli-error.ts";

export async function readDomain(path: string): Promise<Domain> {
  const parsed = parseDomain(await readFile(path, "utf8"));
  if (parsed.ok) return parsed.value;
  throw new CliError(`${path} is not a valid domain`, { issues: parsed.error });
}

export async function readOntologies(paths: readonly string[]): Promise<Map<OntologyId, Ontology>> {
  const ontologies = new Map<OntologyId, Ontology>();
  for (const path of paths) {
    const ontology = openOntology(path, await readFile(path));
    ontologies.set(ontology.id, ontology);
  }
  return ontologies;
}

function openOntology(path: string, bytes: Uint8Array): Ontology {
  try {
    return decodeOntology(bytes);
  } catch (error) {
    throw new CliError(`${path} is not a compiled ontology`, {
      hint: `compile OBO Graphs JSON first: outcome-mesh ontology compile FILE OUT`,
      cause: error,
    });
  }
}

export async function readDomainSecrets(paths: readonly string[]): Promise<DomainSecret[]> {
  const secrets: DomainSecret[] = [];
  for (const path of paths) {
    const read = domainSecretsSchema.safeParse(await readFile(path, "utf8"));
    if (!read.success) {
      throw new CliError(`${path} holds no domain secret`, {
        hint: "a secret is a file that `outcome-mesh domain key` wrote",
      });
    }
    secrets.push(...read.data);
  }
  return secrets;
}

export async function readCompiledDomain(
  path: string,
  ontologyPaths: readonly string[],
  secretPaths: readonly string[] = [],
): Promise<CompiledDomain> {
  const ontologies = await readOntologies(ontologyPaths);
  const secrets = await readDomainSecrets(secretPaths);
  const domain = await readDomain(path);
  return compileRead(path, domain, ontologies, secretFor(domain, secrets));
}

/** With neither key nor noise: signatures find as much as the domain's own, and no secret is needed to make them. */
export async function readPlainDomain(
  path: string,
  ontologies: ReadonlyMap<OntologyId, Ontology>,
): Promise<CompiledDomain> {
  const { signature, ...domain } = await readDomain(path);
  const { key: _key, epsilon: _epsilon, ...plain } = signature;
  return compileRead(path, { ...domain, signature: plain }, ontologies);
}

function compileRead(
  path: string,
  domain: Domain,
  ontologies: ReadonlyMap<OntologyId, Ontology>,
  secret?: DomainSecret,
): CompiledDomain {
  const compiled = compileDomain(domain, ontologies, { secret });
  if (compiled.ok) return compiled.value;
  const lacksSecret = compiled.error.some((issue) => issue.path === DOMAIN_KEY_PATH);
  const [what, hint] = lacksSecret
    ? ["its secret, which was", "name the file with --domain-secret-file FILE"]
    : ["ontologies that were", "name the compiled files with --ontology FILE"];
  throw new CliError(`${path} needs ${what} not given`, { issues: compiled.error, hint });
}
