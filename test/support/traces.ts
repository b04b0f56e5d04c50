/** Looks for a value in bytes, in every form that it could have been written in. */

export type Traced = string | number;

/** The forms of `value` that are searched for, each with a name for the failure's message. */
function formsOf(value: Traced): (readonly [string, Buffer])[] {
  const text = String(value);
  const forms: (readonly [string, Buffer])[] = [
    ["UTF-8", Buffer.from(text, "utf8")],
    ["UTF-16", Buffer.from(text, "utf16le")],
    ["hex", Buffer.from(Buffer.from(text).toString("hex"))],
    ["escaped JSON", Buffer.from(JSON.stringify(text).slice(1, -1))],
    ["URL", Buffer.from(encodeURIComponent(text))],
    ...base64Forms(Buffer.from(text)),
  ];
  if (typeof value === "number") {
    const little = Buffer.alloc(8);
    little.writeDoubleLE(value);
    const big = Buffer.from(little.toReversed());
    forms.push(["float64", little], ["float64 big-endian", big]);
    forms.push(...base64Forms(little), ...base64Forms(big));
  }
  return forms;
}

/** Base64 of `bytes` wherever they may lie in a longer text: three alignments, without their uncertain ends. */
function base64Forms(bytes: Buffer): (readonly [string, Buffer])[] {
  return [0, 1, 2].flatMap((shift) => {
    const padded = Buffer.concat([Buffer.alloc(shift), bytes]);
    const from = Math.ceil((shift * 8) / 6);
    const to = Math.floor((padded.length * 8) / 6);
    return (["base64", "base64url"] as const).map((encoding) => {
      const middle = padded.toString(encoding).replaceAll("=", "").slice(from, to);
      return [`${encoding} at ${shift}`, Buffer.from(middle)] as const;
    });
  });
}

/** What of `values` is in `bytes`, each as `value (form)`. */
export function findTraces(bytes: Buffer, values: readonly Traced[]): string[] {
  return values.flatMap((value) =>
    formsOf(value)
      .filter(([, form]) => bytes.includes(form))
      .map(([name]) => `${value} (${name})`),
  );
}
