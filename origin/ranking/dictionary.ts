/** Texts by number, in order of appearance: columns hold the numbers. */
import type { SectionReader, SectionWriter } from "./sections.ts";

export class Dictionary {
  readonly #texts: string[] = [];
  readonly #numbers = new Map<string, number>();

  get size(): number {
    return this.#texts.length;
  }

  /** The text's number, a new one where it has none. */
  add(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.#texts.length;
    this.#texts.push(text);
    this.#numbers.set(text, number);
    return number;
  }

  numberOf(text: string): number | undefined {
    return this.#numbers.get(text);
  }

  textOf(number: number): string {
    const text = this.#texts[number];
    if (text === undefined) throw new RangeError(`no text has the number ${number}`);
    return text;
  }

  save(write: SectionWriter): void {
    const ends = new Uint32Array(this.#texts.length);
    let end = 0;
    this.#texts.forEach((text, i) => {
      end += text.length;
      ends[i] = end;
    });
    write("ends", ends);
    write("texts", new TextEncoder().encode(this.#texts.join("")));
  }

  restore(read: SectionReader): void {
    const all = new TextDecoder("utf-8", { ignoreBOM: true }).decode(read.uint8("texts"));
    let start = 0;
    for (const end of read.uint32("ends")) {
      this.add(all.slice(start, end));
      start = end;
    }
  }
}
