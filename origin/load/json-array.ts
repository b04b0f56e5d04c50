/** A JSON file: an array of records, or one alone. Each is reported by the line where it begins. */
import { parseTree, printParseErrorCode, type ParseError } from "jsonc-parser";
import { parseJson } from "../../protocol/index.ts";
import { readText } from "./file.ts";
import type { SourceRow } from "./source.ts";

const STRICT = { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false };

/** A file that is not JSON gives one broken row, at the line where it stops being that. */
export async function* readJsonArray(path: string): AsyncGenerator<SourceRow> {
  const file = await readText(path);
  if (!("text" in file)) {
    yield file;
    return;
  }
  const { text } = file;
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, STRICT);
  const [error] = errors;
  if (error || !root) {
    const reason = error ? printParseErrorCode(error.error) : "empty";
    const message = `is not JSON: ${reason}`;
    yield { line: lineAt(text, error?.offset ?? 0), issues: [{ path: "", message }] };
    return;
  }
  let line = 1;
  let counted = 0;
  for (const node of root.type === "array" ? (root.children ?? []) : [root]) {
    line += lineAt(text.slice(counted, node.offset), Infinity) - 1;
    counted = node.offset;
    // Again, on its own: the tree accepts a member that is named twice.
    const json = parseJson(text.slice(node.offset, node.offset + node.length));
    yield json.ok ? { line, raw: json.value } : { line, issues: [json.error] };
  }
}

/** The line, from 1, in which the character at `offset` is. */
function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1))
    line += 1;
  return line;
}
