/**
 * The statements of an index's rows, packed: of each what neither its origin's others nor the index have already, some
 * 80 bytes. So a lookup needs no storage. Rows and origins are the index's numbers; memory only, as the index.
 */
import {
  capacityFor,
  ENTRY_HEADER_BYTES,
  ENTRY_ORIGIN_BYTES,
  SIGNATURE_BYTES,
} from "../../protocol/index.ts";

/** seq and count, which follow what is the origin's, and the Ed25519 signature at the end. */
const VERSION_BYTES = 12;
const ROW_BYTES = VERSION_BYTES + SIGNATURE_BYTES;

export class StatementRows {
  #rows = new Uint8Array(0);
  /** By origin, a header of one of its statements. */
  readonly #headers: Uint8Array[] = [];

  set(row: number, origin: number, statement: Uint8Array): void {
    const rows = this.#rows.length / ROW_BYTES;
    if (row >= rows) {
      const grown = new Uint8Array(capacityFor(row + 1, rows) * ROW_BYTES);
      grown.set(this.#rows);
      this.#rows = grown;
    }
    this.#headers[origin] ??= statement.slice(0, ENTRY_HEADER_BYTES);
    const at = row * ROW_BYTES;
    const version = statement.subarray(ENTRY_ORIGIN_BYTES, ENTRY_ORIGIN_BYTES + VERSION_BYTES);
    this.#rows.set(version, at);
    this.#rows.set(statement.subarray(statement.length - SIGNATURE_BYTES), at + VERSION_BYTES);
  }

  /** The statement of a row, as it was set, whose symbols the index has. Undefined where none was. */
  get(row: number, origin: number, symbols: Uint8Array): Uint8Array | undefined {
    const header = this.#headers[origin];
    if (!header) return undefined;
    const statement = new Uint8Array(ENTRY_HEADER_BYTES + symbols.length + SIGNATURE_BYTES);
    const at = row * ROW_BYTES;
    statement.set(header);
    statement.set(this.#rows.subarray(at, at + VERSION_BYTES), ENTRY_ORIGIN_BYTES);
    statement.set(symbols, ENTRY_HEADER_BYTES);
    statement.set(
      this.#rows.subarray(at + VERSION_BYTES, at + ROW_BYTES),
      ENTRY_HEADER_BYTES + symbols.length,
    );
    return statement;
  }
}
