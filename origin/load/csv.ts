/**
 * CSV (RFC 4180) with a column mapping. Rows are cut out one by one, so that a stray quote costs its own line
 * and not the rest of the file, as it does where a parser reads on to the next quote.
 */
import { CsvError, parse } from "csv-parse/sync";
import { z } from "zod";
import { readLines, type Line } from "./file.ts";
import { findColumns, mapRow, type CsvMapping, type MappedColumn } from "./csv-mapping.ts";
import type { BrokenRow, SourceRow } from "./source.ts";

/** Lines that one quoted cell may span; more means that its closing quote is missing. */
const ROW_MAX_LINES = 1000;

const rowsSchema = z.array(z.array(z.string()));

interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

export async function* readCsv(path: string, mapping: CsvMapping): AsyncGenerator<SourceRow> {
  let columns: readonly MappedColumn[] | undefined;
  let width = 0;
  for await (const row of readRows(path, mapping.delimiter)) {
    if (!("cells" in row)) {
      yield row;
      if (!columns) return;
      continue;
    }
    const { line, cells } = row;
    if (!columns) {
      const header = cells.map((name) => name.trim());
      const found = findColumns(header, mapping, "in the file's first line");
      if (!found.ok) {
        yield { line, issues: found.error };
        return;
      }
      columns = found.value;
      width = header.length;
      continue;
    }
    const { raw, issues } = mapRow(cells, columns);
    const id = typeof raw["id"] === "string" ? { id: raw["id"] } : {};
    if (cells.length !== width) {
      const message = `has ${cells.length} cells where the first line has ${width}`;
      yield { line, ...id, issues: [{ path: "", message }] };
    } else if (issues.length > 0) yield { line, ...id, issues };
    else yield { line, raw };
  }
}

/** Rows with the line where each begins; empty lines are skipped. */
async function* readRows(path: string, delimiter: string): AsyncGenerator<CsvRow | BrokenRow> {
  const lines = readLines(path)[Symbol.asyncIterator]();
  /** Lines read ahead for a cell that seemed to go on, and did not end. */
  const ahead: (Line | BrokenRow)[] = [];
  const next = async (): Promise<Line | BrokenRow | undefined> => {
    const known = ahead.shift();
    if (known) return known;
    const { done, value } = await lines.next();
    return done ? undefined : value;
  };
  for (let first = await next(); first; first = await next()) {
    if (!("text" in first)) {
      yield first;
      continue;
    }
    if (first.text.trim() === "") continue;
    let parsed = parseRow(first.text, delimiter);
    const more: (Line | BrokenRow)[] = [];
    let text = first.text;
    while (parsed === "CSV_QUOTE_NOT_CLOSED" && more.length < ROW_MAX_LINES) {
      const line = await next();
      if (!line) break;
      more.push(line);
      if (!("text" in line)) break;
      text += `\n${line.text}`;
      if (line.text.includes('"')) parsed = parseRow(text, delimiter);
    }
    if (typeof parsed === "string") {
      ahead.unshift(...more);
      yield { line: first.line, issues: [{ path: "", message: `is not CSV: ${parsed}` }] };
    } else yield { line: first.line, cells: parsed };
  }
}

/** The cells of one row, or the parser's code for what is wrong with it. Its message would quote the cells. */
function parseRow(text: string, delimiter: string): string[] | string {
  try {
    const rows = rowsSchema.parse(parse(text, { delimiter, relax_column_count: true }));
    return rows.length === 1 ? (rows[0] ?? []) : "a quoted cell does not end where it should";
  } catch (error) {
    if (error instanceof CsvError) return error.code;
    throw error;
  }
}
