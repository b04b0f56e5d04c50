/** NDJSON: a JSON document a line. Empty lines are skipped. */
import { parseJson } from "../../protocol/index.ts";
import { readLines } from "./file.ts";
import type { SourceRow } from "./source.ts";

export async function* readNdjson(path: string): AsyncGenerator<SourceRow> {
  for await (const row of readLines(path)) {
    if (!("text" in row)) yield row;
    else if (row.text.trim() !== "") {
      const json = parseJson(row.text);
      yield json.ok
        ? { line: row.line, raw: json.value }
        : { line: row.line, issues: [json.error] };
    }
  }
}
