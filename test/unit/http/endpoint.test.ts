import { describe, expect, it } from "vitest";
import { endpointSchema } from "../../../protocol/http/endpoint.ts";

describe("endpoints", () => {
  it.each([
    ["https://mesh.example", true],
    ["https://mesh.example:8443", true],
    ["https://mesh.example/a/b", true],
    ["https://192.0.2.1", true],
    ["http://127.0.0.1:7100", true],
    ["http://localhost:8787/x", true],
    ["http://[::1]:7100", true],
    ["https://127.0.0.1", true],
    ["http://mesh.example", false],
    ["http://127.0.0.2", false],
    ["http://127.1", false],
    ["http://0x7f000001", false],
    ["http://localhost.mesh.example", false],
    ["http://127.0.0.1@mesh.example", false],
    ["https://user@mesh.example", false],
    ["https://user:secret@mesh.example", false],
    ["https://mesh.example?x=1", false],
    ["https://mesh.example/?", false],
    ["https://mesh.example#top", false],
    ["https://mesh.example/#", false],
    ["https://mesh.example/", false],
    ["https://mesh.example/a/", false],
    ["https://mesh.example/a/../b", false],
    ["https://mesh.example:443", false],
    ["https://MESH.example", false],
    ["https://mesh.example\\a", false],
    [" https://mesh.example", false],
    ["https://mesh.example\n", false],
    ["https:mesh.example", false],
    ["//mesh.example", false],
    ["mesh.example", false],
    ["ftp://mesh.example", false],
    ["file:///etc/passwd", false],
    ["javascript:alert(1)", false],
    ["data:text/plain,x", false],
    ["https://", false],
    ["", false],
    [`https://mesh.example/${"a".repeat(491)}`, true],
    [`https://mesh.example/${"a".repeat(492)}`, false],
  ])("P-41: %j is accepted: %s", (url, isAccepted) => {
    expect(endpointSchema.safeParse(url).success).toBe(isAccepted);
  });
});
