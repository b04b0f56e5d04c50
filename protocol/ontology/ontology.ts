/**
 * A compiled ontology: its terms, alternative ids, parents and intrinsic information content in one
 * compact file. The file's SHA-256 is the ontology's id, so all nodes compute the same weights.
 *
 * Layout, little-endian, each array at the next multiple of 8 bytes:
 *   "OMONTO1\n", u32 terms, u32 edges, u32 aliases, u32 bytes of term text, u32 bytes of alias text, u32 0,
 *   f64 information content[terms], u32 parent offsets[terms + 1], u32 parents[edges],
 *   u32 alias targets[aliases], term text, alias text (ids in code-unit order, each ended by "\n").
 */
import { compareText, utf8Bytes } from "../bytes.ts";
import { contentId, ontologyIdSchema, type OntologyId } from "../ids.ts";
import { ln } from "../math.ts";

const MAGIC = "OMONTO1\n";
const HEADER_BYTES = 32;

export interface Ontology {
  readonly id: OntologyId;
  /** Term ids; an index into this list is how profiles hold a term. */
  readonly terms: readonly string[];
  /** Per term, 0 (says nothing) to 1 (a leaf). */
  readonly informationContent: Float64Array;
  /** Resolves a term id or an alternative id; undefined if the ontology knows neither. */
  indexOf(term: string): number | undefined;
  /** Ascending indices of the terms and all their ancestors, those without information content left out. */
  closureOf(terms: readonly number[]): Uint32Array;
}

export interface OntologySource {
  /** Each term with its parents' ids. */
  readonly terms: ReadonlyMap<string, readonly string[]>;
  /** Alternative id to term id. */
  readonly aliases: ReadonlyMap<string, string>;
}

/**
 * Compiles terms and parents to the file's bytes. Information content is Seco's (2004):
 * 1 - ln(1 + descendants) / ln(terms). Throws on a cycle, a parent that is no term, or an id with a line break.
 */
export function encodeOntology(source: OntologySource): Uint8Array<ArrayBuffer> {
  for (const id of [...source.terms.keys(), ...source.aliases.keys()]) {
    if (id.includes("\n")) throw new Error(`the id ${JSON.stringify(id)} has a line break`);
  }
  const terms = [...source.terms.keys()].toSorted(compareText);
  const index = new Map(terms.map((term, i) => [term, i]));
  const parents = terms.map((term) =>
    (source.terms.get(term) ?? [])
      .map((parent) => {
        const found = index.get(parent);
        if (found === undefined) throw new Error(`${term} has the unknown parent ${parent}`);
        return found;
      })
      .toSorted((a, b) => a - b),
  );
  const descendants = countDescendants(terms, parents);
  const aliases = [...source.aliases]
    .filter(([alias, term]) => index.has(term) && !index.has(alias))
    .toSorted(([a], [b]) => compareText(a, b));
  const termText = utf8Bytes(terms.map((term) => `${term}\n`).join(""));
  const aliasText = utf8Bytes(aliases.map(([alias]) => `${alias}\n`).join(""));
  const edges = parents.reduce((sum, list) => sum + list.length, 0);
  const layout = layoutOf([terms.length, edges, aliases.length, termText.length, aliasText.length]);

  const bytes = new Uint8Array(layout.size);
  const view = new DataView(bytes.buffer);
  bytes.set(utf8Bytes(MAGIC));
  [terms.length, edges, aliases.length, termText.length, aliasText.length].forEach((count, i) =>
    view.setUint32(8 + 4 * i, count, true),
  );
  const scale = ln(terms.length);
  let edge = 0;
  terms.forEach((_, i) => {
    const content = terms.length > 1 ? 1 - ln(1 + (descendants[i] ?? 0)) / scale : 0;
    view.setFloat64(layout.content + 8 * i, content, true);
    for (const parent of parents[i] ?? [])
      view.setUint32(layout.parents + 4 * edge++, parent, true);
    view.setUint32(layout.offsets + 4 * (i + 1), edge, true);
  });
  aliases.forEach(([, term], i) =>
    view.setUint32(layout.aliases + 4 * i, index.get(term) ?? 0, true),
  );
  bytes.set(termText, layout.termText);
  bytes.set(aliasText, layout.aliasText);
  return bytes;
}

function fail(): never {
  throw new Error("not a compiled ontology file");
}

/** Opens a compiled file. Throws if the bytes are not one; what opens is safe to use, whoever wrote it. */
export function decodeOntology(bytes: Uint8Array): Ontology {
  if (bytes.length < HEADER_BYTES) fail();
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const decode = (start: number, length: number): string => {
    try {
      return text.decode(bytes.subarray(start, start + length));
    } catch {
      return fail();
    }
  };
  if (decode(0, MAGIC.length) !== MAGIC) fail();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const counts = [0, 1, 2, 3, 4].map((i) => view.getUint32(8 + 4 * i, true));
  const [termCount = 0, edgeCount = 0, aliasCount = 0, termBytes = 0, aliasBytes = 0] = counts;
  const layout = layoutOf(counts);
  if (layout.size !== bytes.length) fail();

  const lines = (start: number, length: number): string[] =>
    decode(start, length).split("\n").slice(0, -1);
  const terms = lines(layout.termText, termBytes);
  const aliases = lines(layout.aliasText, aliasBytes);
  if (terms.length !== termCount || aliases.length !== aliasCount) fail();
  if (!isAscending(terms) || !isAscending(aliases)) fail();
  const u32 = (start: number, count: number): Uint32Array =>
    Uint32Array.from({ length: count }, (_, i) => view.getUint32(start + 4 * i, true));
  const offsets = u32(layout.offsets, termCount + 1);
  const parents = u32(layout.parents, edgeCount);
  const targets = u32(layout.aliases, aliasCount);
  if (parents.some((p) => p >= termCount) || targets.some((t) => t >= termCount)) fail();
  const isOutOfOrder = offsets.some((offset, i) => offset < (offsets[i - 1] ?? 0));
  if (isOutOfOrder || offsets[0] !== 0 || offsets[termCount] !== edgeCount) fail();
  const informationContent = Float64Array.from({ length: termCount }, (_, i) =>
    view.getFloat64(layout.content + 8 * i, true),
  );
  if (!informationContent.every((content) => content >= 0 && content <= 1)) fail();
  const index = new Map(terms.map((term, i) => [term, i]));
  aliases.forEach((alias, i) => index.set(alias, targets[i] ?? 0));

  return {
    id: ontologyIdSchema.parse(contentId(bytes)),
    terms,
    informationContent,
    indexOf: (term) => index.get(term),
    closureOf: (start) => {
      const seen = new Set(start);
      for (const term of seen) {
        const end = offsets[term + 1] ?? 0;
        for (let e = offsets[term] ?? 0; e < end; e++) seen.add(parents[e] ?? 0);
      }
      return Uint32Array.from(seen)
        .filter((term) => (informationContent[term] ?? 0) > 0)
        .toSorted();
    },
  };
}

function align(offset: number): number {
  return Math.ceil(offset / 8) * 8;
}

function layoutOf(counts: readonly number[]) {
  const [terms = 0, edges = 0, aliases = 0, termBytes = 0, aliasBytes = 0] = counts;
  const content = HEADER_BYTES;
  const offsets = content + 8 * terms;
  const parents = align(offsets + 4 * (terms + 1));
  const aliasTargets = align(parents + 4 * edges);
  const termText = align(aliasTargets + 4 * aliases);
  const aliasText = align(termText + termBytes);
  const size = align(aliasText + aliasBytes);
  return { content, offsets, parents, aliases: aliasTargets, termText, aliasText, size };
}

/** True if every id comes before the next: also, that none is there twice. */
function isAscending(ids: readonly string[]): boolean {
  return ids.every((id, i) => i === 0 || compareText(ids[i - 1] ?? "", id) < 0);
}

/** Distinct descendants of each term, itself not counted. */
function countDescendants(
  terms: readonly string[],
  parents: readonly (readonly number[])[],
): Uint32Array {
  const counts = new Uint32Array(terms.length);
  terms.forEach((term, start) => {
    const ancestors = new Set(parents[start]);
    for (const ancestor of ancestors)
      for (const next of parents[ancestor] ?? []) ancestors.add(next);
    if (ancestors.has(start)) throw new Error(`${term} is its own ancestor`);
    for (const ancestor of ancestors) counts[ancestor] = (counts[ancestor] ?? 0) + 1;
  });
  return counts;
}
