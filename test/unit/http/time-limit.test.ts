import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { timeLimit } from "../../../protocol/index.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("a limit aborts when its time is over, and not before", () => {
  const { signal } = timeLimit(1000);
  vi.advanceTimersByTime(999);
  expect(signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(signal.aborted).toBe(true);
});

test("a lifted limit leaves no timer behind, and never aborts", () => {
  const earlier = new AbortController();
  const { signal, lift } = timeLimit(1000, earlier.signal);
  lift();
  expect(vi.getTimerCount()).toBe(0);
  earlier.abort();
  expect(signal.aborted).toBe(false);
});

test("a limit aborts with the signal that it is given, also where that has aborted before", () => {
  const earlier = new AbortController();
  const { signal } = timeLimit(1000, earlier.signal);
  earlier.abort();
  expect(signal.aborted).toBe(true);
  expect(timeLimit(1000, earlier.signal).signal.aborted).toBe(true);
});
