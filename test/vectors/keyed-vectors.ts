/** Vectors of a keyed domain: what its secret changes (families) and does not (layout, root keys), and of noise. */
import { commitmentTo, domainSecretFrom } from "../../protocol/domain/key.ts";
import { compileDomain, type CompiledDomain } from "../../protocol/domain/compile.ts";
import { encodeProfile } from "../../protocol/domain/profile.ts";
import { parseDomain } from "../../protocol/domain/schema.ts";
import { secretFamilyKey } from "../../protocol/features/family-key.ts";
import { randomise } from "../../protocol/signature/randomise.ts";
import { rootKeyOf } from "../../protocol/signature/root-keys.ts";
import { estimate, estimateDeviation, signatureOf } from "../../protocol/signature/signature.ts";
import { PROFILES, sampleDomain } from "./domain-vectors.ts";
import { hex, must, roundKernel, seedOf } from "./encoding.ts";
import { openOntologies } from "./function-vectors.ts";

const SECRET = seedOf("domain secret of epoch 2");
const EPSILON = 6;

export function keyedVectors() {
  const secret = domainSecretFrom(SECRET);
  const sample = sampleDomain();
  const key = { epoch: 2, commitment: commitmentTo(secret) };
  const signature = { ...sample.signature, key, epsilon: EPSILON };
  const domain = must(parseDomain(JSON.stringify({ ...sample, signature })));
  const compiled = must(compileDomain(domain, openOntologies(), { secret }));
  const family = secretFamilyKey(SECRET, compiled.id);
  const signatures = PROFILES.map((profile) => signed(compiled, profile));
  const noiseKey = seedOf("noise key");
  const [query = new Uint8Array(0), ...records] = signatures;
  const { plan } = compiled;
  return {
    secret,
    /** The domain is that of `signature.json` with these settings. */
    signature,
    id: compiled.id,
    familyKey: hex(family.bytes),
    element: ["a", "T:valve"].map((text) => ({ text, key: family.elementKey(text) })),
    cell: [0, -3, 2 ** 40].map((cell) => ({ cell, key: family.cellKey(cell) })),
    featureAt: [...plan.featureAt],
    profiles: PROFILES.map((profile, i) => {
      const exact = signatures[i] ?? new Uint8Array(0);
      const rootKey = rootKeyOf(plan, exact, 0);
      return { profile, signature: hex(exact), rootKey: rootKey ? hex(rootKey) : null };
    }),
    retention: roundKernel(plan.retention),
    noiseKey: hex(noiseKey),
    randomised: records.map((record, i) => {
      const published = randomise(plan, record, noiseKey);
      return {
        profile: i + 1,
        signature: hex(published),
        estimate: roundKernel(estimate(plan, query, published)),
      };
    }),
    deviation: [0, 0.5, 1].map((score) => ({
      score,
      deviation: roundKernel(estimateDeviation(plan, query, score)),
    })),
  };
}

function signed(compiled: CompiledDomain, profile: (typeof PROFILES)[number]): Uint8Array {
  return signatureOf(compiled, must(encodeProfile(compiled, profile)).values);
}
