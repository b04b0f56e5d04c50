/** `outcome-mesh domain check`: whether a domain works, and what it makes of its features. */
import { readFile } from "node:fs/promises";
import { Command } from "commander";
import {
  compileDomain,
  domainIdOf,
  DOMAIN_KEY_PATH,
  ontologiesOf,
  parseDomain,
  planRouting,
  secretFor,
  type Domain,
  type DomainSecret,
  type Issue,
  type Ontology,
  type OntologyId,
} from "../../../protocol/index.ts";
import { EXIT } from "../exit-codes.ts";
import { domainSecretOption, jsonOption, ontologyOption } from "../options.ts";
import { counted, printJson, printText } from "../output.ts";
import { readDomainSecrets, readOntologies } from "../read-files.ts";
import { formatIssue } from "../report-error.ts";
import { formatTable } from "../table.ts";

interface DomainCheckOptions {
  readonly ontology: readonly string[];
  readonly domainSecretFile: readonly string[];
  readonly json?: true;
}

export function domainCheckCommand(): Command {
  return new Command("check")
    .description(
      "Check a domain document: prints its id and the symbols that each feature gets, or every problem with its path (exit code 1).",
    )
    .argument("<file>", "the domain, as JSON")
    .addOption(ontologyOption())
    .addOption(domainSecretOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh domain check pump-faults.json
  outcome-mesh domain check rare-disease.json --ontology hp.omo
  outcome-mesh domain check pump-faults.epoch-2.json --domain-secret-file pump-faults.epoch-2.secret`,
    )
    .action(runDomainCheck);
}

async function runDomainCheck(file: string, options: DomainCheckOptions): Promise<void> {
  const parsed = parseDomain(await readFile(file, "utf8"));
  if (!parsed.ok) {
    reportProblems(file, parsed.error, options);
    return;
  }
  const domain = parsed.value;
  const ontologies = await readOntologies(options.ontology);
  const problems = [
    ...ontologyProblems(domain, ontologies),
    ...secretProblems(domain, await readDomainSecrets(options.domainSecretFile)),
  ];
  if (problems.length > 0) reportProblems(file, problems, options);
  else reportDomain(domain, [...ontologies.keys()], options);
}

/** Of a domain whose ontologies were given, those that it lacks. */
function ontologyProblems(
  domain: Domain,
  ontologies: ReadonlyMap<OntologyId, Ontology>,
): readonly Issue[] {
  if (ontologies.size === 0) return [];
  // What ontologies it needs does not depend on its secret, which is checked by itself.
  const { key: _, ...signature } = domain.signature;
  const compiled = compileDomain({ ...domain, signature }, ontologies);
  return compiled.ok ? [] : compiled.error;
}

/** Of a domain whose secret was given, whether it is another. */
function secretProblems(domain: Domain, secrets: readonly DomainSecret[]): readonly Issue[] {
  if (secrets.length === 0 || secretFor(domain, secrets) !== undefined) return [];
  const { key } = domain.signature;
  const message = key
    ? `commits to another secret than was given: that is not of epoch ${key.epoch}`
    : "is absent: this domain takes no secret";
  return [{ path: DOMAIN_KEY_PATH, message }];
}

function reportProblems(
  file: string,
  problems: readonly Issue[],
  { json }: DomainCheckOptions,
): void {
  process.exitCode = EXIT.negative;
  if (json) {
    printJson({ ok: false, problems });
    return;
  }
  const lines = problems.map((problem) => `  ${formatIssue(problem)}`);
  printText([`${file}: ${counted(problems.length, "problem")}`, ...lines].join("\n"));
}

function reportDomain(
  domain: Domain,
  given: readonly OntologyId[],
  { json, domainSecretFile }: DomainCheckOptions,
): void {
  const id = domainIdOf(domain);
  const { symbolCounts, retention } = planRouting(domain, id);
  const { key, epsilon } = domain.signature;
  const features = domain.features.map(({ name, kind, weight }, i) => ({
    name,
    kind,
    weight,
    symbols: symbolCounts[i] ?? 0,
  }));
  const { name, title } = domain;
  const isUnchecked = key !== undefined && domainSecretFile.length === 0;
  const warnings = [
    ...(isUnchecked ? [UNCHECKED_SECRET] : []),
    ...warningsOf(domain, symbolCounts, given),
  ];
  if (json) {
    const epoch = key?.epoch;
    printJson({
      ok: true,
      id,
      name,
      title,
      keyed: key !== undefined,
      epoch,
      epsilon,
      features,
      warnings,
    });
    return;
  }
  const rows = features.map((feature) => [
    feature.name,
    feature.kind,
    String(feature.weight),
    String(feature.symbols),
  ]);
  const blocks = [
    [
      `${name}: ${title}`,
      `id ${id}`,
      key ? `keyed: a secret of its members, epoch ${key.epoch}` : "not keyed",
      ...(epsilon === undefined
        ? []
        : [`noise: epsilon ${epsilon}, which leaves ${Math.round(100 * retention)} % of matches`]),
    ].join("\n"),
    formatTable(["feature", "kind", "weight", "symbols"], rows),
    ...(warnings.length > 0 ? [warnings.map((w) => `warning: ${formatIssue(w)}`).join("\n")] : []),
  ];
  printText(blocks.join("\n\n"));
}

const UNCHECKED_SECRET: Issue = {
  path: DOMAIN_KEY_PATH,
  message: "its secret was not checked: give it with --domain-secret-file",
};

/** What works, but may not be what was meant. */
function warningsOf(
  domain: Domain,
  symbolCounts: readonly number[],
  given: readonly OntologyId[],
): Issue[] {
  const starved = domain.features.flatMap((_, i) =>
    symbolCounts[i] === 1
      ? [
          {
            path: `features.${i}.weight`,
            message:
              "gets a single symbol, so signatures say little of it: raise its weight, or signature.symbols",
          },
        ]
      : [],
  );
  const needed = ontologiesOf(domain);
  const unchecked = domain.features.flatMap((feature, i) =>
    feature.kind === "terms" && !given.includes(feature.ontology)
      ? [{ path: `features.${i}.ontology`, message: "was not checked: give it with --ontology" }]
      : [],
  );
  const unused = given
    .filter((id) => !needed.includes(id))
    .map((id) => ({ path: "features", message: `no feature uses the ontology ${id}` }));
  return [...starved, ...unchecked, ...unused];
}
