import { describe, expect, it } from "vitest";
import { fromBase64Url, toBase64Url } from "../../protocol/bytes.ts";
import { contentId, nodeIdOf, nodeIdSchema, publicKeySchema } from "../../protocol/ids.ts";
import { bytesFrom } from "./support/random.ts";

describe("identifiers", () => {
  it("P-01: are 32 bytes as base64url; no other length and no second spelling is accepted", () => {
    const id = toBase64Url(bytesFrom("id"));
    expect(id).toHaveLength(43);
    expect(nodeIdSchema.safeParse(id).success).toBe(true);
    const last = id.slice(0, -1);
    const spellings = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
      .split("")
      .map((end) => last + end)
      .filter((text) => nodeIdSchema.safeParse(text).success);
    expect(spellings).toHaveLength(16);
    for (const text of spellings) expect(toBase64Url(fromBase64Url(text))).toBe(text);
    for (const bad of [`${id}=`, id.slice(1), `A${id}`, `${last}+`, "", `${id}\n`]) {
      expect(nodeIdSchema.safeParse(bad).success).toBe(false);
    }
  });

  it("P-01: a node's id is the SHA-256 of its raw public key", () => {
    const key = publicKeySchema.parse(toBase64Url(bytesFrom("key")));
    expect(nodeIdOf(key)).toBe(contentId(bytesFrom("key")));
    // SHA-256 of the empty string, FIPS 180-4 examples.
    expect(contentId(new Uint8Array(0))).toBe("47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
  });
});
