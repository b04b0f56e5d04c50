/** The named arrays that an index is written as, and read from again. */

export type SectionArray =
  | Float64Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

export type SectionWriter = (name: string, array: SectionArray) => void;

/** Each throws if there is no such section, or it has another type. The arrays are the caller's own. */
export interface SectionReader {
  float64(name: string): Float64Array<ArrayBuffer>;
  uint32(name: string): Uint32Array<ArrayBuffer>;
  uint8(name: string): Uint8Array<ArrayBuffer>;
}

/** Sections whose names begin with `prefix`, for a part that knows only its own. */
export function writeUnder(prefix: string, write: SectionWriter): SectionWriter {
  return (name, array) => write(`${prefix}/${name}`, array);
}

/** As `writeUnder`. */
export function readUnder(prefix: string, read: SectionReader): SectionReader {
  return {
    float64: (name) => read.float64(`${prefix}/${name}`),
    uint32: (name) => read.uint32(`${prefix}/${name}`),
    uint8: (name) => read.uint8(`${prefix}/${name}`),
  };
}
