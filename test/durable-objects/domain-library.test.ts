import { env, evictDurableObject, reset } from "cloudflare:test";
import { beforeEach, expect, test } from "vitest";
import { libraryStub } from "../../durable-objects/stubs.ts";

beforeEach(reset);

test("gives back a document larger than one value may be, byte for byte, also when evicted", async () => {
  const bytes = Uint8Array.from({ length: 2_500_001 }, (_, i) => i % 251);
  await libraryStub(env).put("ontology", "large", bytes);
  await evictDurableObject(libraryStub(env));
  expect(await libraryStub(env).get("ontology", "large")).toEqual(bytes);
});

test("never changes what an id means", async () => {
  await libraryStub(env).put("domain", "id", Uint8Array.of(1));
  await libraryStub(env).put("domain", "id", Uint8Array.of(2));
  expect(await libraryStub(env).get("domain", "id")).toEqual(Uint8Array.of(1));
});

test("keeps domains and ontologies apart, and lists each", async () => {
  await libraryStub(env).put("domain", "b", Uint8Array.of(1));
  await libraryStub(env).put("domain", "a", Uint8Array.of(1));
  await libraryStub(env).put("ontology", "c", Uint8Array.of(1));
  expect(await libraryStub(env).list("domain")).toEqual(["a", "b"]);
  expect(await libraryStub(env).get("ontology", "a")).toBeUndefined();
});
