import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  canonicalBytes,
  leafHash,
  nodeHash,
  nodePosition,
  toBase64Url,
} from "../../protocol/index.ts";
import { exportLog, openAuditReader, verifyExport } from "../../origin/audit/index.ts";
import { fullLog, OWNER, tamperWith, verifyAfter, verifyAt } from "../support/audit-entries.ts";
import { temporaryDirectory } from "../support/origin-domain.ts";
import { bob, mesh } from "../unit/support/identities.ts";
import { fc } from "../unit/support/property.ts";

let original: Awaited<ReturnType<typeof fullLog>>;
let size: number;
let db: DatabaseSync;
beforeAll(async () => {
  original = await fullLog();
  size = (await verifyAt(original.path)).entries;
  const copy = join(await temporaryDirectory(), "copy.sqlite");
  // Closed, it is one file.
  await copyFile(original.path, copy);
  db = tamperWith(copy);
});
afterAll(() => db.close());

const places = async (change: () => void): Promise<string[]> => {
  const { faults } = await verifyAfter(db, change);
  return faults.map(({ at, index }) => `${at} ${index}`);
};

/** The document with the character at `place` replaced by another one. */
function altered(text: string, place: number): string {
  const at = place % text.length;
  const other = text[at] === "x" ? "y" : "x";
  return text.slice(0, at) + other + text.slice(at + 1);
}

function documentsOf(): string[] {
  return db
    .prepare("SELECT document FROM audit_entries ORDER BY number")
    .all()
    .map((row) => String(row["document"]));
}

/** Replaces an entry and all hashes and links after it, as someone would who knows how the log is made. */
function rewrite(from: number, change: (entry: object) => object): void {
  const nodes = new Map<string, Uint8Array>();
  let previous: string | undefined;
  db.exec("DELETE FROM audit_nodes");
  const insert = db.prepare("INSERT INTO audit_nodes (position, hash) VALUES (?, ?)");
  for (const [number, document] of documentsOf().entries()) {
    const parsed: object = Object(JSON.parse(document));
    const changed = number === from ? change(parsed) : parsed;
    const bytes = canonicalBytes({ ...changed, ...(previous !== undefined && { previous }) });
    db.prepare("UPDATE audit_entries SET document = ? WHERE number = ?").run(
      new TextDecoder().decode(bytes),
      number,
    );
    let hash = leafHash(bytes);
    previous = toBase64Url(hash);
    let [level, index] = [0, number];
    for (;;) {
      insert.run(nodePosition(level, index), hash);
      nodes.set(`${level}/${index}`, hash);
      if (index % 2 === 0) break;
      const left = nodes.get(`${level}/${index - 1}`) ?? new Uint8Array();
      hash = nodeHash(left, hash);
      [level, index] = [level + 1, (index - 1) / 2];
    }
  }
}

describe("P-112: a log that no one changed", () => {
  test("holds, with all its checkpoints, the last of which vouches for all of it", async () => {
    expect(await verifyAt(original.path)).toEqual({
      entries: size,
      checkpoints: expect.any(Number),
      vouchedFor: size,
      faults: [],
      faultCount: 0,
    });
    expect(size).toBeGreaterThan(14);
  });

  test("can not be changed by mistake", async () => {
    const untouched = new DatabaseSync(original.path);
    for (const table of ["audit_entries", "audit_nodes", "audit_checkpoints"]) {
      expect(() => untouched.exec(`DELETE FROM ${table}`)).toThrow(/append-only/);
      const column = table === "audit_nodes" ? "hash = x'00'" : "document = ''";
      expect(() => untouched.exec(`UPDATE ${table} SET ${column}`)).toThrow(/append-only/);
    }
    untouched.close();
  });
});

describe("P-112: tampering is found, and where", () => {
  test("with any character of any entry", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), async (pick, place) => {
        const number = pick % size;
        const found = await places(() => {
          const document = documentsOf()[number] ?? "";
          db.prepare("UPDATE audit_entries SET document = ? WHERE number = ?").run(
            altered(document, place),
            number,
          );
        });
        expect(found).toContain(`entry ${number}`);
        // An entry that names itself, or the one before, wrongly is told of twice; no other entry is accused.
        expect(new Set(found)).toEqual(new Set([`entry ${number}`]));
      }),
      { numRuns: 40 },
    );
  });

  test("with any bit of any kept hash", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), async (pick, bit) => {
        let position = 0;
        const { faults } = await verifyAfter(db, () => {
          const rows = db.prepare("SELECT position, hash FROM audit_nodes ORDER BY position").all();
          const row = rows[pick % rows.length];
          position = Number(row?.["position"]);
          const value = row?.["hash"];
          const hash = Uint8Array.from(value instanceof Uint8Array ? value : []);
          hash[bit % 32] = (hash[bit % 32] ?? 0) ^ (1 << (bit % 8));
          db.prepare("UPDATE audit_nodes SET hash = ? WHERE position = ?").run(hash, position);
        });
        const isLastLeaf = position === nodePosition(0, size - 1);
        // Of the last entry nothing comes after that would tell which of the two was changed.
        const expected = isLastLeaf
          ? { at: "entry", index: size - 1 }
          : { at: "node", index: position };
        expect(faults).toContainEqual(expect.objectContaining(expected));
      }),
      { numRuns: 40 },
    );
  });

  test("with any character of any checkpoint", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), async (pick, place) => {
        let expected = 0;
        const found = await places(() => {
          const rows = db.prepare("SELECT size, document FROM audit_checkpoints").all();
          const row = rows[pick % rows.length];
          expected = Number(row?.["size"]);
          db.prepare("UPDATE audit_checkpoints SET document = ? WHERE size = ?").run(
            altered(String(row?.["document"]), place),
            expected,
          );
        });
        expect(found).toHaveLength(1);
        expect(found[0]).toMatch(/^checkpoint /);
      }),
      { numRuns: 40 },
    );
  });

  test("with any entry taken out, put in another's place, or moved", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), async (a, b) => {
        const number = a % (size - 1);
        const gone = await places(() => {
          db.prepare("DELETE FROM audit_entries WHERE number = ?").run(number);
        });
        expect(gone).toContain(`entry ${number}`);
        const other = b % size;
        const moved = await verifyAfter(db, () => {
          const document = documentsOf()[other] ?? "";
          db.prepare("UPDATE audit_entries SET document = ? WHERE number = ?").run(
            document,
            number,
          );
        });
        expect(moved.faults.some(({ at, index }) => at === "entry" && index === number)).toBe(
          other !== number,
        );
      }),
      { numRuns: 15 },
    );
  });

  test("with the last entries cut off, and their hashes with them, by the checkpoint that knew them", async () => {
    const { faults } = await verifyAfter(db, () => {
      db.prepare("DELETE FROM audit_entries WHERE number >= ?").run(size - 2);
      db.prepare("DELETE FROM audit_nodes WHERE position >= ?").run(nodePosition(0, size - 2));
    });
    const message = `checkpoint ${size} vouches for ${size} entries, and the log has ${size - 2}: it was cut`;
    expect(faults).toContainEqual({ at: "checkpoint", index: size, message });
  });

  test("with the last entries and their checkpoints cut off, by a receipt that someone kept", async () => {
    const { index } = original.receipt.entry;
    const cut = (): void => {
      db.prepare("DELETE FROM audit_entries WHERE number >= ?").run(index);
      db.prepare("DELETE FROM audit_nodes WHERE position >= ?").run(nodePosition(0, index));
      db.prepare("DELETE FROM audit_checkpoints WHERE size > ?").run(index);
    };
    const alone = await verifyAfter(db, cut);
    // The record that was withdrawn afterwards is all that tells of it.
    expect(alone.faults).toMatchObject([{ at: "records" }]);
    const given = [{ signed: original.receipt.checkpoint, from: "receipt.json" }];
    const { faults } = await verifyAfter(db, cut, given);
    expect(faults).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(/of receipt\.json .* it was cut/) }),
    );
  });

  test("with an entry rewritten and all hashes made to fit, by the checkpoints after it", async () => {
    const { faults, vouchedFor } = await verifyAfter(db, () => {
      rewrite(6, (entry) => ({ ...entry, at: 1 }));
    });
    expect(faults.every(({ at }) => at === "checkpoint")).toBe(true);
    expect(faults[0]?.message).toMatch(/something in entries \d to \d+ was changed/);
    expect(vouchedFor).toBeLessThanOrEqual(6);
    const untouched = await verifyAfter(db, () => rewrite(6, (entry) => entry));
    expect(untouched.faults).toEqual([]);
  });

  test("with a record put in past the log", async () => {
    const { faults } = await verifyAfter(db, () => {
      db.exec(`INSERT INTO records (domain, id, reference, profile, intervention, result, entry, seq)
               SELECT domain, 'planted', 'planted', profile, intervention, result, entry, seq
               FROM records LIMIT 1`);
    });
    expect(faults).toMatchObject([{ at: "records" }]);
  });

  test("with rows that no log has: before its beginning, or nodes of no entry", async () => {
    const before = await places(() => {
      db.exec("INSERT INTO audit_entries SELECT -1, document FROM audit_entries WHERE number = 0");
    });
    expect(before).toEqual(["entry -1"]);
    const surplus = await verifyAfter(db, () => {
      db.exec("INSERT INTO audit_nodes VALUES (100000, x'00')");
    });
    expect(surplus.faults).toMatchObject([{ at: "node", message: /1 nodes more/ }]);
  });
});

/** The log exported. */
async function linesOf(range: { from?: number; to?: number } = {}): Promise<string[]> {
  const reader = openAuditReader(original.path);
  const lines: string[] = [];
  const options = { identity: bob, mesh, now: Date.now(), ...range };
  for await (const line of exportLog(reader.tables, options)) lines.push(JSON.stringify(line));
  reader.close();
  return lines;
}
const verify = async (lines: readonly string[], ...given: Parameters<typeof verifyExport>[1][]) =>
  verifyExport(asLines(lines), ...given);

describe("P-114: an export", () => {
  test("verifies by itself, whole or in part", async () => {
    const whole = await verify(await linesOf());
    expect(whole).toMatchObject({ isComplete: true, entries: size, faults: [] });
    expect(whole.checkpoint).toMatchObject(OWNER);
    const part = await verify(await linesOf({ from: 3, to: 7 }));
    expect(part).toMatchObject({ isComplete: false, entries: 4, faults: [] });
  });

  test("shows any change of a line", async () => {
    const lines = await linesOf();
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), async (pick, place) => {
        const at = pick % lines.length;
        const changed = lines.with(at, altered(lines[at] ?? "", place));
        const verdict = await verify(changed).then(
          ({ faultCount }) => (faultCount > 0 ? "found" : "missed"),
          () => "no export",
        );
        expect(verdict).not.toBe("missed");
      }),
      { numRuns: 60 },
    );
  });

  test("must agree with receipts, and can be compared with them only where it is whole", async () => {
    const given = [{ signed: original.receipt.checkpoint, from: "receipt.json" }];
    expect(await verify(await linesOf(), given)).toMatchObject({ faults: [] });
    await expect(verify(await linesOf({ from: 1 }), given)).rejects.toThrow(/part of a log/);
  });
});

async function* asLines(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}
