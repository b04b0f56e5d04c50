/** `outcome-mesh origin audit explain`: what happened with one query, in plain words. */
import { Command } from "commander";
import { explainEntry, findEntries, loadDomains, readEntry } from "../../../origin/index.ts";
import { membersSchema, nodeIdOf, type AuditEntry } from "../../../protocol/index.ts";
import { openAuditLog } from "../audit-log.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { readDocument } from "../mesh/files.ts";
import { jsonOption } from "../options.ts";
import { readConfig, withUsageErrors } from "../origin-config.ts";
import { printJson, printText } from "../output.ts";
import { printable } from "../table.ts";

interface AuditExplainOptions {
  readonly config: string;
  readonly members?: string;
  readonly json?: true;
}

export function auditExplainCommand(): Command {
  return new Command("explain")
    .description(
      "Say in plain words what an entry of the audit log tells: who asked, when and for what purpose, what the origin decided and by which rule, and what left it.",
    )
    .argument(
      "<id>",
      "the entry's index; the requester's trace id or traceparent; or the content digest of its query, sha-256=:...:",
    )
    .requiredOption("--config <file>", "the origin's configuration")
    .option("--members <file>", "names for nodes, from `outcome-mesh mesh members --out`")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  outcome-mesh origin audit explain 1234 --config origin.jsonc
  outcome-mesh origin audit explain 4bf92f3577b34da6a3ce929d0e0e4736 --config origin.jsonc --members members.json

Exit codes: 0 found; 1 the log has no such entry.`,
    )
    .action(runAuditExplain);
}

async function runAuditExplain(id: string, options: AuditExplainOptions): Promise<void> {
  const config = await readConfig(options.config);
  const { domains } = await withUsageErrors(() => loadDomains(config));
  const names = await readNames(options.members);
  const domainNames = new Map<string, string>(domains.map((one) => [one.id, one.domain.name]));
  const log = openAuditLog(config);
  try {
    const rows = findEntries(log.tables, id);
    if (!rows) {
      throw new CliError(`${id} names no entry`, {
        hint: "an entry's index, a trace id of 32 hexadecimal digits, or a digest sha-256=:...:",
      });
    }
    if (rows.length === 0) {
      throw new CliError(`the audit log has no entry ${id}`, { exitCode: EXIT.negative });
    }
    const entries = rows.map(({ number, document }) => entryOf(number, document));
    if (options.json) return printJson({ entries });
    const texts = entries.map((entry) => {
      const lines = explainEntry(entry, {
        organisation: (node) => names.get(node),
        domain: (domain) => domainNames.get(domain),
        record: (reference) => log.recordId(reference),
      });
      return [`Entry ${entry.index}`, ...lines.flatMap((line) => line.split("\n"))]
        .map(printable)
        .join("\n");
    });
    return printText(texts.join("\n\n"));
  } finally {
    log.close();
  }
}

function entryOf(number: number, document: string): AuditEntry {
  const entry = readEntry(document);
  if (entry.ok) return entry.value;
  throw new CliError(`entry ${number} can not be read: ${entry.error}`, {
    exitCode: EXIT.negative,
    hint: "outcome-mesh origin audit verify --config FILE says what was changed",
  });
}

/** Organisations' names by node id. */
async function readNames(path: string | undefined): Promise<ReadonlyMap<string, string>> {
  if (path === undefined) return new Map();
  const { statements } = await readDocument(path, membersSchema, {
    what: "a charter with statements",
    hint: "`outcome-mesh mesh members --out FILE` writes one",
  });
  return new Map(
    statements.flatMap((statement): [string, string][] =>
      statement.type === "descriptor"
        ? [[nodeIdOf(statement.descriptor.descriptor.key), statement.descriptor.descriptor.name]]
        : [],
    ),
  );
}
