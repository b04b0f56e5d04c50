/** Sealing is built of parts that others have published values for. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import { answerKeys } from "../../../protocol/sealed/sealed-answer.ts";
import { openSealingKey, suite } from "../../../protocol/sealed/sealing-key.ts";
import { secretKeyFrom } from "../../../protocol/signed/ed25519.ts";
import { toBase64Url } from "../../../protocol/bytes.ts";

const PUBLISHED = join(import.meta.dirname, "../../vectors/published");

function published<T>(name: string, schema: z.ZodType<T>): T {
  return schema.parse(JSON.parse(readFileSync(join(PUBLISHED, name), "utf8")));
}

const bytes = z.string().transform((hex) => Uint8Array.from(Buffer.from(hex, "hex")));
const hpke = published(
  "rfc9180-a11.json",
  z.object({
    ikmE: bytes,
    pkEm: bytes,
    skRm: bytes,
    pkRm: bytes,
    info: bytes,
    pt: bytes,
    encryptions: z.array(z.tuple([bytes, bytes])),
    exports: z.array(z.tuple([bytes, bytes])),
  }),
);

it("P-121: seals and exports as RFC 9180 A.1.1 does, the ephemeral key from given bytes", async () => {
  const sender = await suite.createSenderContext({
    recipientPublicKey: await suite.kem.deserializePublicKey(hpke.pkRm),
    info: hpke.info,
    ekm: hpke.ikmE,
  });
  expect(new Uint8Array(sender.enc)).toEqual(hpke.pkEm);
  for (const [aad, ciphertext] of hpke.encryptions) {
    expect(new Uint8Array(await sender.seal(hpke.pt, aad))).toEqual(ciphertext);
  }
  for (const [label, secret] of hpke.exports) {
    expect(new Uint8Array(await sender.export(label, secret.length))).toEqual(secret);
  }
});

it("P-121: opens what RFC 9180 A.1.1 sealed, with the key pair of its secret", async () => {
  const pair = await openSealingKey(secretKeyFrom(hpke.skRm));
  expect(pair.publicKey).toBe(toBase64Url(hpke.pkRm));
  const recipient = await suite.createRecipientContext({
    recipientKey: pair.privateKey,
    enc: hpke.pkEm,
    info: hpke.info,
  });
  for (const [aad, ciphertext] of hpke.encryptions) {
    expect(new Uint8Array(await recipient.open(ciphertext, aad))).toEqual(hpke.pt);
  }
  for (const [label, secret] of hpke.exports) {
    expect(new Uint8Array(await recipient.export(label, secret.length))).toEqual(secret);
  }
});

it("P-123: an answer's key and nonce follow as in RFC 9458's appendix A", async () => {
  const ohttp = published(
    "rfc9458-a.json",
    z.object({
      enc: bytes,
      secret: bytes,
      responseNonce: bytes,
      key: bytes,
      nonce: bytes,
      response: bytes,
      ciphertext: bytes,
    }),
  );
  const { key, iv } = answerKeys(ohttp.enc, ohttp.secret, ohttp.responseNonce);
  expect([key, iv]).toEqual([ohttp.key, ohttp.nonce]);
  const aes = await crypto.subtle.importKey("raw", ohttp.key, "AES-GCM", false, ["encrypt"]);
  const algorithm = { name: "AES-GCM", iv: ohttp.nonce };
  const sealed = await crypto.subtle.encrypt(algorithm, aes, ohttp.response);
  expect(new Uint8Array(sealed)).toEqual(ohttp.ciphertext);
});
