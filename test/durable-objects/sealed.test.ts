/** Sealing inside workerd, whose WebCrypto gateways seal with. */
import { expect, test } from "vitest";
import {
  openQuery,
  openSealingKey,
  sealingKeySchema,
  sealQuery,
  secretKeyFrom,
  toBase64Url,
  utf8Bytes,
} from "../../protocol/index.ts";
import { makeMesh } from "./mesh-fixture.ts";

test("P-122: a query sealed in workerd opens there, and so does its answer; a key of small order is refused", async () => {
  const { mesh, identities } = await makeMesh();
  const [from, to] = identities;
  const context = {
    mesh,
    from: from.node,
    to: to.node,
    method: "POST",
    path: "/v1/outcomes/query",
  };
  const key = await openSealingKey(secretKeyFrom(new Uint8Array(32).fill(5)));
  const random = crypto.getRandomValues(new Uint8Array(32));
  const body = utf8Bytes("a query");
  const { message, answer } = await sealQuery(body, key.publicKey, context, random);
  const opened = await openQuery(message, [key], context);
  if (!opened.ok) throw new Error(opened.error);
  expect(opened.value.body).toEqual(body);
  const content = { status: 200, body };
  const sealed = await opened.value.answer.seal(content, random.subarray(0, 16));
  expect(await answer.open(sealed)).toEqual(content);
  const zero = sealingKeySchema.parse(toBase64Url(new Uint8Array(32)));
  await expect(sealQuery(body, zero, context, random)).rejects.toThrow(Error);
});
