import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { fromBase64Url, toBase64Url } from "../../../protocol/bytes.ts";
import { publicKeySchema } from "../../../protocol/ids.ts";
import {
  isSoundPublicKey,
  openIdentity,
  secretKeyFrom,
  secretKeySchema,
  verifySignature,
} from "../../../protocol/signed/ed25519.ts";
import { alice } from "../support/identities.ts";
import { bytesFrom } from "../support/random.ts";

/** Values from C2SP/wycheproof: see its `source`. */
const WYCHEPROOF = join(import.meta.dirname, "../../vectors/published/wycheproof-ed25519.json");

function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

function verifies(key: string, signature: string, message: string): Promise<boolean> {
  const publicKey = publicKeySchema.parse(toBase64Url(fromHex(key)));
  return verifySignature(publicKey, fromHex(signature), fromHex(message));
}

// RFC 8032 section 7.1, tests 1, 2, 3 and SHA(abc): seed, public key, message, signature.
const RFC_8032 = [
  [
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "",
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  ],
  [
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  ],
  [
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    "af82",
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  ],
  [
    "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
    "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
  ],
] as const;

describe("signing and verifying", () => {
  it.each(RFC_8032)(
    "P-37: reproduces RFC 8032 section 7.1 for the seed %s",
    async (seed, key, message, signature) => {
      const identity = await openIdentity(secretKeyFrom(fromHex(seed)));
      const publicHex = Buffer.from(fromBase64Url(identity.publicKey)).toString("hex");
      expect(publicHex).toBe(key);
      const signed = await identity.sign(fromHex(message));
      expect(Buffer.from(signed).toString("hex")).toBe(signature);
      expect(await verifies(publicHex, signature, message)).toBe(true);
    },
  );

  it("P-37: a changed bit of the signature, the message or the key breaks verification", async () => {
    const [, key, message, signature] = RFC_8032[2];
    for (const bit of [0, 7, 100, 255, 256, 400, 511]) {
      const broken = fromHex(signature);
      broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await verifies(key, Buffer.from(broken).toString("hex"), message)).toBe(false);
    }
    expect(await verifies(key, signature, "af83")).toBe(false);
    expect(await verifies(key, signature, "af8200")).toBe(false);
    expect(await verifies(RFC_8032[1][1], signature, message)).toBe(false);
  });

  it("P-37: a signature of another length is not valid, and does not throw", async () => {
    for (const length of [0, 63, 65]) {
      const signature = new Uint8Array(length);
      expect(await verifySignature(alice.publicKey, signature, new Uint8Array(1))).toBe(false);
    }
  });

  it("P-37: a secret key is a 32-byte seed as base64url", () => {
    expect(secretKeySchema.safeParse(toBase64Url(bytesFrom("seed"))).success).toBe(true);
    expect(() => secretKeyFrom(new Uint8Array(31))).toThrow("32-byte seed");
    expect(() => secretKeyFrom(new Uint8Array(33))).toThrow("32-byte seed");
  });
});

describe("public keys", () => {
  // The points of small order, and the other spellings that lenient decoders take for them (y >= p, or a
  // sign bit on x = 0). Chalkias, Garillot & Nikolaenko, "Taming the many EdDSAs" (2020), table 1.
  const P = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
  it.each([
    ["the identity", "0100000000000000000000000000000000000000000000000000000000000000"],
    ["order 2", `ec${P}7f`],
    ["order 4", "0000000000000000000000000000000000000000000000000000000000000000"],
    ["order 4", "0000000000000000000000000000000000000000000000000000000000000080"],
    ["order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"],
    ["order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"],
    ["order 8", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"],
    ["order 8", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"],
    [
      "the identity, not canonical",
      "0100000000000000000000000000000000000000000000000000000000000080",
    ],
    ["the identity, not canonical", `ee${P}7f`],
    ["the identity, not canonical", `ee${P}ff`],
    ["order 2, not canonical", `ec${P}ff`],
    ["order 4, not canonical", `ed${P}7f`],
    ["order 4, not canonical", `ed${P}ff`],
    ["no point", "0200000000000000000000000000000000000000000000000000000000000000"],
    ["31 bytes", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f70751"],
    ["33 bytes", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a00"],
    ["no bytes", ""],
  ])("P-37: refuses %s (%s)", (_, hex) => {
    expect(isSoundPublicKey(fromHex(hex))).toBe(false);
  });

  it("P-37: accepts the key of every seed", async () => {
    for (let i = 0; i < 20; i++) {
      const { publicKey } = await openIdentity(secretKeyFrom(bytesFrom(`seed ${i}`)));
      expect(isSoundPublicKey(fromBase64Url(publicKey))).toBe(true);
    }
  });
});

describe("the published verification vectors", () => {
  const text = z.string();
  const { cases } = z
    .object({ cases: z.array(z.tuple([z.int(), text, text, text, text, text])) })
    .parse(JSON.parse(readFileSync(WYCHEPROOF, "utf8")));
  const named = cases.map(([id, key, message, signature, result, comment]) => ({
    title: `${id} is ${result}${comment === "" ? "" : `: ${comment}`}`,
    key,
    message,
    signature,
    isValid: result === "valid",
  }));

  it("P-37: are all of Wycheproof's", () => {
    expect(named).toHaveLength(151);
    expect(named.filter(({ isValid }) => isValid)).toHaveLength(88);
  });

  it.each(named)("P-37: Wycheproof $title", async ({ key, message, signature, isValid }) => {
    const isAdmitted = isSoundPublicKey(fromHex(key));
    expect(isAdmitted && (await verifies(key, signature, message))).toBe(isValid);
  });
});

describe("the published edge cases", () => {
  // github.com/novifinancial/ed25519-speccheck (Apache-2.0), cases.json: key, message, signature.
  const SMALL = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa";
  const MIXED = "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43";
  const MIXED_TOO = "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d";
  const SOUND = "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623";
  const TWISTED = "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
  const CASES = [
    [
      0,
      SMALL,
      "8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a0000000000000000000000000000000000000000000000000000000000000000",
    ],
    [
      1,
      SMALL,
      "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
      "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
    ],
    [
      2,
      MIXED,
      "aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e",
    ],
    [
      3,
      MIXED_TOO,
      "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
      "9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009",
    ],
    [
      4,
      MIXED_TOO,
      "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
      "160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed5125ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09",
    ],
    [
      5,
      MIXED_TOO,
      "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
      "21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405",
    ],
    [
      6,
      SOUND,
      "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
      "e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514",
    ],
    [
      7,
      SOUND,
      "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
      "8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa19427e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22",
    ],
    [
      8,
      MIXED,
      "fdaebc429f4a735932a160da1301080c13280eea8bc280d1b392c6b9e6ba3a5a",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f454d370c8d9fc323a41450f8d513eafeb5b0697390c1e505a0d4ddc71f566607",
    ],
    [
      9,
      MIXED,
      "84b698d39be126ff55fe45079e6c8bf64a0d7db6994560b4e96b7021eb39c1a1",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f084d5b99c2a9463d9c8bd5026916996984eeec87ddf1d3be329006ace1b37b09",
    ],
    [
      10,
      TWISTED,
      "e96b7021eb39c1a163b6da4e3093dcd3f21387da4cc4572be588fafae23c155b",
      "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dca5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
    ],
    [
      11,
      TWISTED,
      "39a591f5321bbe07fd5a23dc2f39d025d74526615746727ceefd6e82ae65c06f",
      "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dca5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
    ],
  ] as const;

  it.each(CASES)(
    "P-37: refuses speccheck case %d, on which verifiers disagree: the key or the signature",
    async (_, key, message, signature) => {
      const isAdmitted = isSoundPublicKey(fromHex(key));
      expect(isAdmitted && (await verifies(key, signature, message))).toBe(false);
    },
  );

  it("P-37: the keys of small order, of mixed order and without canonical form are never admitted", () => {
    for (const key of [SMALL, MIXED, MIXED_TOO, TWISTED]) {
      expect(isSoundPublicKey(fromHex(key))).toBe(false);
    }
    expect(isSoundPublicKey(fromHex(SOUND))).toBe(true);
  });
});
