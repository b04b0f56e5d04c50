/** Tables for people: aligned columns of plain text. */

const NUMBER = /^[-+]?\d[\d.,]*(e[-+]?\d+)?( ?(%|ms|kB))?$/;
/** Names come from other organisations: what they write must not steer the terminal. */
const CONTROL = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;
const GAP = "  ";

/** Columns that hold only numbers and empty cells are right-aligned. Control characters are replaced. */
export function formatTable(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const lines = [headers, ...rows].map((cells) => headers.map((_, i) => printable(cells[i] ?? "")));
  const columns = headers.map((_, i) => {
    const cells = lines.slice(1).map((line) => line[i] ?? "");
    return {
      width: Math.max(...lines.map((line) => lengthOf(line[i] ?? ""))),
      isNumeric:
        cells.some((cell) => cell !== "") &&
        cells.every((cell) => cell === "" || NUMBER.test(cell)),
    };
  });
  const formatted = lines.map((line) =>
    line
      .map((cell, i) => {
        const padding = " ".repeat(Math.max(0, (columns[i]?.width ?? 0) - lengthOf(cell)));
        return columns[i]?.isNumeric ? padding + cell : cell + padding;
      })
      .join(GAP)
      .trimEnd(),
  );
  const rule = columns.map(({ width }) => "-".repeat(width)).join(GAP);
  return [formatted[0] ?? "", rule, ...formatted.slice(1)].join("\n");
}

/** `text` without anything that a terminal would take for a command. */
export function printable(text: string): string {
  return text.replaceAll(CONTROL, "\ufffd");
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}
