/** A small generator for tests of parsers: 32 bits a call, the same sequence for the same seed. */
export function fuzzBits(seed: number): () => number {
  let state = (seed ^ 0x9e37_79b9) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

const interesting = [0, 1, 0x7f, 0x80, 0xff, 0x22, 0x2c, 0x30, 0x39, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d];

/**
 * Damages a file as a fuzzer does: one to four flips, insertions, removals, repeats, cuts and words from a dictionary.
 * `bits` comes from `fuzzBits`; the input is not changed.
 */
export function mutateBytes(input: Uint8Array, bits: () => number, dictionary: readonly Uint8Array[] = []): Uint8Array {
  let bytes = input;
  for (let times = 1 + (bits() & 3); times > 0; times--) {
    const at = bits() % (bytes.length + 1);
    const length = Math.min(1 + (bits() & 15), bytes.length - at);
    const word = dictionary[bits() % Math.max(1, dictionary.length)] ?? new Uint8Array([bits() & 255]);
    switch (bits() % 8) {
      case 0:
        bytes = replaced(bytes, at, 1, new Uint8Array([(bytes[at] ?? 0) ^ (1 << (bits() & 7))]));
        break;
      case 1:
        bytes = replaced(bytes, at, 1, new Uint8Array([interesting[bits() % interesting.length] ?? 0]));
        break;
      case 2:
        bytes = replaced(bytes, at, 0, word);
        break;
      case 3:
        bytes = replaced(bytes, at, word.length, word);
        break;
      case 4:
        bytes = replaced(bytes, at, length, new Uint8Array(0));
        break;
      case 5:
        bytes = replaced(bytes, at, 0, bytes.slice(at, at + length));
        break;
      case 6:
        bytes = bytes.slice(0, at);
        break;
      default:
        // Lengths and sizes stand at the front of most formats.
        bytes = replaced(bytes, bits() % 17, 1, new Uint8Array([bits() & 255]));
    }
  }
  return bytes;
}

function replaced(bytes: Uint8Array, at: number, removed: number, inserted: Uint8Array): Uint8Array {
  const start = Math.min(at, bytes.length);
  const rest = bytes.subarray(Math.min(start + removed, bytes.length));
  const result = new Uint8Array(start + inserted.length + rest.length);
  result.set(bytes.subarray(0, start));
  result.set(inserted, start);
  result.set(rest, start + inserted.length);
  return result;
}
