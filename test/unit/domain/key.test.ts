import { describe, expect, it } from "vitest";
import { compileDomain, type CompiledDomain } from "../../../protocol/domain/compile.ts";
import {
  commitmentTo,
  domainSecretFrom,
  domainSecretSchema,
  type DomainSecret,
} from "../../../protocol/domain/key.ts";
import { domainIdOf, parseDomain } from "../../../protocol/domain/schema.ts";
import { planRouting } from "../../../protocol/signature/plan.ts";
import { estimate, signatureOf, similarity } from "../../../protocol/signature/signature.ts";
import {
  compileSample,
  domainOf,
  encodeSample,
  sampleDocument,
  sampleProfile,
  similarProfile,
} from "../support/domains.ts";
import { smallOntology } from "../support/ontologies.ts";
import { bytesFrom, deviation, mean, SIGMAS, SLOW } from "../support/random.ts";

const secretOf = (name: string): DomainSecret => domainSecretFrom(bytesFrom(name));
const secret = secretOf("a secret");

function keyedDocument(of: DomainSecret = secret, epoch = 1) {
  const document = sampleDocument();
  const key = { epoch, commitment: commitmentTo(of) };
  return { ...document, signature: { ...document.signature, key } };
}

function takesEpoch(epoch: number): boolean {
  return parseDomain(JSON.stringify(keyedDocument(secret, epoch))).ok;
}

function signed(compiled: CompiledDomain, profile = sampleProfile): Uint8Array {
  return signatureOf(compiled, encodeSample(compiled, profile));
}

/** Share of positions at which two signatures agree. */
function agreement(a: Uint8Array, b: Uint8Array): number {
  return a.filter((symbol, i) => symbol === b[i]).length / a.length;
}

const ontologies = new Map([[smallOntology().id, smallOntology()]]);

describe("a keyed domain", SLOW, () => {
  it("P-140: compiles with its secret, and with no other nor with none", () => {
    const domain = domainOf(keyedDocument(secret, 3));
    expect(compileDomain(domain, ontologies, { secret }).ok).toBe(true);
    expect(compileDomain(domain, ontologies)).toEqual({
      ok: false,
      error: [
        {
          path: "signature.key",
          message: "needs the domain's secret of epoch 3, which was not given",
        },
      ],
    });
    expect(compileDomain(domain, ontologies, { secret: secretOf("another") })).toMatchObject({
      ok: false,
      error: [{ path: "signature.key", message: expect.stringContaining("not of epoch 3") }],
    });
  });

  it("P-140: a domain that is not keyed takes no secret", () => {
    expect(compileDomain(domainOf(sampleDocument()), ontologies, { secret })).toEqual({
      ok: false,
      error: [{ path: "signature.key", message: "is absent: this domain takes no secret" }],
    });
  });

  it("P-140: an epoch is 1 to 2^31 - 1", () => {
    expect([0, 1, 2 ** 31 - 1, 2 ** 31].map(takesEpoch)).toEqual([false, true, true, false]);
  });

  it("P-140: a secret is 32 bytes as base64url", () => {
    for (const text of ["", "short", `${secret}A`, secret.replace(/.$/, "B")]) {
      expect(domainSecretSchema.safeParse(text).success).toBe(text === secret);
    }
  });

  it("P-141: its plan is that of the document alone: who routes needs no secret", () => {
    const domain = domainOf(keyedDocument());
    expect(planRouting(domain, domainIdOf(domain))).toEqual(
      compileSample(keyedDocument(), { secret }).plan,
    );
  });

  it("P-142: signatures under different secrets agree no more than by chance, in each feature", () => {
    // The document of either stands for both: only the families may make the difference.
    const one = compileSample(keyedDocument(), { secret });
    const other = compileSample(keyedDocument(secretOf("another")), {
      secret: secretOf("another"),
    });
    const open = compileSample();
    for (const [i, feature] of one.features.entries()) {
      const symbols = [one, other, open].map((domain) => {
        const own = domain.features[i];
        const out = new Uint8Array(feature.symbolCount);
        const value = encodeSample(domain, sampleProfile)[i];
        if (own && value !== undefined) own.writeSymbols(value, out);
        return out;
      });
      const [a = new Uint8Array(0), b = a, c = a] = symbols;
      // 5 to 37 symbols a feature: three equal by chance, 1 in 255 each, would be one in a thousand.
      expect(agreement(a, b) * a.length, feature.name).toBeLessThan(3);
      expect(agreement(a, c) * a.length, feature.name).toBeLessThan(3);
    }
  });

  it("P-142: elements and cells have other keys than in a domain that is not keyed", () => {
    const values = encodeSample(compileSample(keyedDocument(), { secret }), sampleProfile);
    const open = encodeSample(compileSample(), sampleProfile);
    // "sex" and "drugs" hold their elements' keys.
    expect(values[3]).not.toEqual(open[3]);
    expect(values[4]).not.toEqual(open[4]);
    expect(values.slice(0, 3)).toEqual(open.slice(0, 3));
  });

  it("P-142: the exact similarity is the same, and the estimate unbiased over secrets", () => {
    const VARIANTS = 150;
    const [query, record] = [sampleProfile, similarProfile];
    const variants = Array.from({ length: VARIANTS }, (_, i) => {
      const own = secretOf(`secret ${i}`);
      return compileSample(keyedDocument(own), { secret: own });
    });
    const scoreIn = (domain: CompiledDomain): number =>
      similarity(domain, encodeSample(domain, query), encodeSample(domain, record)).score;
    const score = scoreIn(compileSample());
    expect(variants.map(scoreIn).every((own) => own === score)).toBe(true);
    const estimates = variants.map((domain) =>
      estimate(domain.plan, signed(domain, query), signed(domain, record)),
    );
    const interval = (SIGMAS * deviation(estimates)) / Math.sqrt(VARIANTS);
    expect(Math.abs(mean(estimates) - score)).toBeLessThan(interval);
  });
});
