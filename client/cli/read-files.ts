/** Files that commands are given. Each throws a `CliError` that names the file and its offending fields. */
import { readFile } from "node:fs/promises";
import {
  compileDomain,
  decodeOntology,
  parseDomain,
  type CompiledDomain,
  type Domain,
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

export async function readCompiledDomain(
  path: string,
  ontologyPaths: readonly string[],
): Promise<CompiledDomain> {
  const ontologies = await readOntologies(ontologyPaths);
  const compiled = compileDomain(await readDomain(path), ontologies);
  if (compiled.ok) return compiled.value;
  throw new CliError(`${path} needs ontologies that were not given`, {
    issues: compiled.error,
    hint: "name the compiled files with --ontology FILE",
  });
}
