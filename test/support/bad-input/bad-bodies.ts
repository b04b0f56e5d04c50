/** Every way in which a body of JSON can be no JSON that we take, made from a good one; and media types. */
import { JSON_MAX_DEPTH, utf8Bytes } from "../../../protocol/index.ts";

export interface BadBody {
  readonly title: string;
  readonly body: Uint8Array<ArrayBuffer> | undefined;
}

/** `good` is the text of an object. */
export function badBodies(good: string): BadBody[] {
  const open = good.slice(0, -1);
  const [firstName = ""] = /"[^"]+"/.exec(good) ?? [];
  const texts = {
    "an empty body": "",
    "only white space": " \n",
    "text that is no JSON": "hello",
    "JSON that is cut off": open,
    "JSON with more after it": `${good}x`,
    "two documents": good + good,
    "a comma too many": `${open},}`,
    "a comment": `${good}/* hello */`,
    "single quotes": "{'a':1}",
    "a number that is none": `{${firstName}:NaN}`,
    null: "null",
    "a string": '"text"',
    "a number": "1",
    "an array": `[${good}]`,
    "a member that is named twice": `${open},${firstName}:1}`,
    "a member that is named __proto__": `${open},"__proto__":{"admin":true}}`,
    "a nested member that is named __proto__": `${open},"more":{"__proto__":1}}`,
    "a member that is named twice further in": `${open},"more":{"a":1,"a":2}}`,
    "half of a surrogate pair": `${open},"more":"\\ud800"}`,
    "half of a surrogate pair in a name": `${open},"\\udc00":1}`,
    "a control character in a string": `${open},"more":"\u0001"}`,
    "arrays in arrays, one too deep": `${open},"more":${"[".repeat(JSON_MAX_DEPTH)}${"]".repeat(JSON_MAX_DEPTH)}}`,
    "thousands of arrays in arrays": "[".repeat(4000),
  };
  const text = Object.entries(texts).map(([title, body]) => ({ title, body: utf8Bytes(body) }));
  const bytes = utf8Bytes(good);
  return [
    ...text,
    { title: "no body", body: undefined },
    { title: "bytes that are not UTF-8", body: Uint8Array.of(...bytes.slice(0, -1), 0xff, 0x7d) },
    { title: "an overlong encoding", body: Uint8Array.of(0xc0, 0xaf, ...bytes) },
    { title: "UTF-16", body: Uint8Array.from(Buffer.from(good, "utf16le")) },
    { title: "zero bytes", body: new Uint8Array(100) },
  ];
}

export const WRONG_TYPES = [
  undefined,
  "",
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/jsonp",
  "application/problem+json",
  "application/x-ndjson",
  "json",
  "; application/json",
];

export const GOOD_TYPES = [
  "application/json",
  "application/json; charset=utf-8",
  "application/json ;charset=utf-8",
  "Application/JSON",
];

/** `good`, made `size` bytes long by white space. */
export function padded(good: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(size).fill(0x20);
  body.set(good.subarray(0, size));
  return body;
}
