/** What one entry of the audit log says, in plain words. */
import type { AuditEntry, Decision } from "../../protocol/index.ts";

export interface Words {
  /** The name of an organisation, where it is known. */
  readonly organisation: (node: string) => string | undefined;
  readonly domain: (id: string) => string | undefined;
  /** The origin's own id of a record, by the reference that answers call it by. */
  readonly record: (reference: string) => string | undefined;
}

/** Lines of text. */
export function explainEntry(entry: AuditEntry, words: Words): string[] {
  const when = new Date(entry.at).toISOString();
  const domainName = (id: string): string => {
    const name = words.domain(id);
    return name === undefined ? `domain ${id}` : `domain ${name} (${id})`;
  };
  const recordName = (reference: string): string => {
    const id = words.record(reference);
    return id === undefined ? `${reference}, no longer here` : `${id} (told as ${reference})`;
  };
  switch (entry.kind) {
    case "begin":
      return [
        `${when}: this log was begun.`,
        ...entry.records.map(
          ({ domain, count }) => `The database held ${count} records of ${domainName(domain)}.`,
        ),
      ];
    case "start":
      return [
        `${when}: the origin was started with these settings:`,
        JSON.stringify(entry.settings, undefined, 2),
      ];
    case "load":
      return [
        `${when}: ${entry.loaded} records were loaded and ${entry.updated} changed, in ${domainName(entry.domain)}.`,
      ];
    case "deposit":
      return [
        `${when}: the operator ${entry.change === "loaded" ? "added" : "changed"} the record ${recordName(entry.reference)}, in ${domainName(entry.domain)}.`,
      ];
    case "withdraw":
      return [
        `${when}: the record ${entry.reference} was removed, from ${domainName(entry.domain)}.`,
      ];
    case "query": {
      const asker = words.organisation(entry.asker);
      const { count, references } = entry.released;
      return [
        `${when}: ${asker === undefined ? `node ${entry.asker}` : `${asker} (node ${entry.asker})`} asked${
          entry.domain === undefined ? "" : ` about ${domainName(entry.domain)}`
        }.`,
        entry.purpose === undefined ? "It named no purpose." : `Purpose: ${entry.purpose}.`,
        ...decisionWords(entry.decision),
        entry.answer === undefined
          ? "Nothing left this origin."
          : `The answer told of ${count} cases${references.length > 0 ? ", one by one:" : "."}`,
        ...references.map((reference) => `  ${recordName(reference)}`),
        entry.content === undefined
          ? "Of the query's content the log keeps a keyed digest alone."
          : `The query: ${JSON.stringify(entry.content)}`,
        ...(entry.trace === undefined ? [] : [`Trace: ${entry.trace}`]),
      ];
    }
  }
}

function decisionWords({ outcome, reasons, rule }: Decision): string[] {
  const because = reasons.length > 0 ? `, because: ${reasons.join("; ")}` : "";
  const said = {
    released: "The origin answered with single cases",
    aggregate: "The origin answered with a summary of the cases",
    withheld: "The origin answered, and kept the cases back",
    refused: "The origin refused",
  }[outcome];
  return [`${said}${because}.`, ...(rule === undefined ? [] : [`Rule that decided: ${rule}.`])];
}
