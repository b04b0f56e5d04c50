/** `outcome-mesh domain check`: whether a domain works, and what it makes of its features. */
import { readFile } from "node:fs/promises";
import { Command } from "commander";
import {
  compileDomain,
  domainIdOf,
  ontologiesOf,
  parseDomain,
  planRouting,
  type Domain,
  type Issue,
  type OntologyId,
} from "../../../protocol/index.ts";
import { EXIT } from "../exit-codes.ts";
import { jsonOption, ontologyOption } from "../options.ts";
import { counted, printJson, printText } from "../output.ts";
import { readOntologies } from "../read-files.ts";
import { formatIssue } from "../report-error.ts";
import { formatTable } from "../table.ts";

interface DomainCheckOptions {
  readonly ontology: readonly string[];
  readonly json?: true;
}

export function domainCheckCommand(): Command {
  return new Command("check")
    .description(
      "Check a domain document: prints its id and the symbols that each feature gets, or every problem with its path (exit code 1).",
    )
    .argument("<file>", "the domain, as JSON")
    .addOption(ontologyOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh domain check pump-faults.json
  outcome-mesh domain check rare-disease.json --ontology hp.omo`,
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
  if (ontologies.size > 0) {
    const compiled = compileDomain(domain, ontologies);
    if (!compiled.ok) {
      reportProblems(file, compiled.error, options);
      return;
    }
  }
  reportDomain(domain, [...ontologies.keys()], options);
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
  { json }: DomainCheckOptions,
): void {
  const id = domainIdOf(domain);
  const { symbolCounts } = planRouting(domain, id);
  const features = domain.features.map(({ name, kind, weight }, i) => ({
    name,
    kind,
    weight,
    symbols: symbolCounts[i] ?? 0,
  }));
  const { name, title } = domain;
  const warnings = warningsOf(domain, symbolCounts, given);
  if (json) {
    printJson({ ok: true, id, name, title, features, warnings });
    return;
  }
  const rows = features.map((feature) => [
    feature.name,
    feature.kind,
    String(feature.weight),
    String(feature.symbols),
  ]);
  const blocks = [
    `${name}: ${title}\nid ${id}`,
    formatTable(["feature", "kind", "weight", "symbols"], rows),
    ...(warnings.length > 0 ? [warnings.map((w) => `warning: ${formatIssue(w)}`).join("\n")] : []),
  ];
  printText(blocks.join("\n\n"));
}

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
