import { describe, expect, it } from "vitest";
import { continueTrace, traceIdOf } from "../../../protocol/http/traceparent.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const GIVEN = `00-${TRACE}-b7ad6b7169203331-00`;
const random = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(0xab);

describe("traces (W3C Trace Context)", () => {
  it("P-47: a request goes on with the trace that it came with, as a step of its own", () => {
    expect(continueTrace(GIVEN, random)).toBe(`00-${TRACE}-abababababababab-00`);
    expect(traceIdOf(GIVEN)).toBe(TRACE);
  });

  it.each([
    null,
    undefined,
    "",
    "garbage",
    GIVEN.toUpperCase(),
    `${GIVEN}-00`,
    ` ${GIVEN}`,
    `01${GIVEN.slice(2)}`,
    `00-${"0".repeat(32)}-b7ad6b7169203331-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
  ])("P-47: %j is no trace: a new one is begun", (given) => {
    expect(traceIdOf(given)).toBeUndefined();
    expect(continueTrace(given, random)).toBe(`00-${"ab".repeat(16)}-${"ab".repeat(8)}-01`);
  });
});
