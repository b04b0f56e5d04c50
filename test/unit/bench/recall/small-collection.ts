/** Made-up cases of a few kinds, over organisations that each see some of the kinds. */
import type { Collection } from "../../../../bench/recall/collection.ts";
import { seededRandom } from "../../../../examples/random.ts";
import { compileDomain, encodeProfile } from "../../../../protocol/index.ts";
import { smallDomain } from "../../../support/small-example.ts";

const ORGANISATIONS = 30;
const RECORDS_EACH = 8;
const QUERIES = 12;
const KINDS = 6;

export function smallCollection(): Collection {
  const compiled = compileDomain(smallDomain);
  if (!compiled.ok) throw new Error("the domain does not compile");
  const random = seededRandom("small collection");
  const drawCase = (kind: number, organisation: number, group: string) => {
    const signs = Array.from({ length: 8 }, (_, i) => `sign-${kind}-${i}`);
    const raw = {
      age: 20 + 10 * kind + random.below(10),
      site: `site-${kind % 3}`,
      signs: random.sample(signs, 4),
    };
    const encoded = encodeProfile(compiled.value, raw);
    if (!encoded.ok) throw new Error("a case does not fit the domain");
    return { organisation, group, raw, profile: encoded.value.values };
  };
  const records = Array.from({ length: ORGANISATIONS * RECORDS_EACH }, (_, i) => ({
    ...drawCase((i + random.below(2)) % KINDS, i % ORGANISATIONS, `group ${random.below(40)}`),
    intervention: { treatment: "a" },
    result: { recovered: true },
  }));
  return {
    name: "small",
    key: "small",
    compiled: compiled.value,
    ontologies: new Map(),
    organisations: ORGANISATIONS,
    records,
    queries: Array.from({ length: QUERIES }, (_, i) =>
      drawCase(i % KINDS, i, `group ${random.below(40)}`),
    ),
  };
}
