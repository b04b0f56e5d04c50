/**
 * Signatures by the million: those that `signatureOf` gives, from minhash words that are computed once a finding. The
 * protocol computes them anew for each profile, which takes five times as long.
 */
import type { CompiledDomain } from "../../protocol/index.ts";
import { familySeeds, toSymbol } from "../../protocol/features/feature.ts";
import { publicFamilyKey } from "../../protocol/features/family-key.ts";
import { elementKey, mix } from "../../protocol/prf.ts";
import { FINDINGS, findingName } from "./population.ts";

/** Makes words comparable as signed integers, which is much faster. */
const FLIP = 0x80000000;

export class SignatureWriter {
  readonly #symbols: number;
  /** 1 for findings whose words were computed. */
  readonly #isKnown = new Uint8Array(FINDINGS);
  /** By finding, the word of each symbol's hash function. */
  readonly #words: Int32Array;
  /** Of each symbol, what maps its least word to a byte. */
  readonly #seeds: Uint32Array;
  readonly #least: Int32Array;

  /** The domain has one feature, a set. */
  constructor({ id, features, plan: { symbols } }: CompiledDomain) {
    const key = publicFamilyKey(id);
    const seeds = familySeeds(
      { key, symbolCount: symbols, ontologies: new Map() },
      features[0]?.name ?? "",
      4,
    );
    this.#symbols = symbols;
    this.#seeds = seeds;
    this.#least = new Int32Array(symbols);
    this.#words = new Int32Array(FINDINGS * symbols);
  }

  /** `profile` has the findings, `size` of them; `out` takes S symbols. */
  write(profile: Uint16Array, size: number, out: Uint8Array): void {
    const symbols = this.#symbols;
    const words = this.#words;
    const least = this.#least;
    const seeds = this.#seeds;
    least.fill(0x7fffffff);
    for (let i = 0; i < size; i++) {
      const finding = profile[i] ?? 0;
      if (this.#isKnown[finding] !== 1) this.#learn(finding);
      const from = finding * symbols;
      for (let j = 0; j < symbols; j++) {
        const word = words[from + j] ?? 0;
        if (word < (least[j] ?? 0)) least[j] = word;
      }
    }
    for (let j = 0; j < symbols; j++) {
      const word = (least[j] ?? 0) ^ FLIP;
      out[j] = toSymbol(mix(seeds[4 * j + 2] ?? 0, seeds[4 * j + 3] ?? 0, word, 0));
    }
  }

  #learn(finding: number): void {
    const symbols = this.#symbols;
    const seeds = this.#seeds;
    const [k0, k1] = elementKey(findingName(finding));
    for (let j = 0; j < symbols; j++) {
      this.#words[finding * symbols + j] =
        mix(seeds[4 * j] ?? 0, seeds[4 * j + 1] ?? 0, k0, k1) ^ FLIP;
    }
    this.#isKnown[finding] = 1;
  }
}
