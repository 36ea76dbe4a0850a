import { FormatError } from "@gradus/tensor";

export interface InflateOptions {
  /** Most bytes the contents may have. */
  readonly maxBytes: number;
  /** Most bytes of contents for each byte read; 200 is generous for real data, where deflate itself can reach 1,032. */
  readonly maxRatio?: number;
  /** Names the input in errors. */
  readonly subject?: string;
  /** `"gzip"`, or `"deflate"` for zlib's wrapping, as PNG has it; it also begins the errors' codes. */
  readonly format?: "gzip" | "deflate";
}

/** The first 64 KiB are free of the ratio rule: short runs of zeros compress a thousandfold and harm nobody. */
const freeOfRatio = 65_536;
const pieceBytes = 16_384;

/** True if the bytes begin as a gzip file does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Inflates gzip into one array, through a byte budget: at most `maxBytes`, and at most `maxRatio` times what was read.
 * At the peak it holds at most three times the bytes it has inflated so far.
 *
 * @throws FormatError `gzip/bomb` at the first piece beyond the budget, `gzip/corrupt` for anything that is not whole, valid gzip.
 */
export async function inflateGzip(
  source: Uint8Array | AsyncIterable<Uint8Array>,
  options: Omit<InflateOptions, "format">,
): Promise<Uint8Array> {
  let contents = new Uint8Array(Math.min(options.maxBytes, source instanceof Uint8Array ? 4 * source.length + 1024 : freeOfRatio));
  let length = 0;
  for await (const piece of inflatePieces(source, options)) {
    if (length + piece.length > contents.length) {
      const grown = new Uint8Array(Math.min(options.maxBytes, Math.max(2 * contents.length, length + piece.length)));
      grown.set(contents.subarray(0, length));
      contents = grown;
    }
    contents.set(piece, length);
    length += piece.length;
  }
  return contents.length === length ? contents : contents.slice(0, length);
}

/** Like `inflateGzip`, a piece at a time, and of either format. */
export async function* inflatePieces(
  source: Uint8Array | AsyncIterable<Uint8Array>,
  { maxBytes, maxRatio = 200, format = "gzip", subject = format }: InflateOptions,
): AsyncGenerator<Uint8Array> {
  let read = 0;
  let written = 0;
  const input = source instanceof Uint8Array ? slices(source) : source[Symbol.asyncIterator]();
  let sourceError: { readonly error: unknown } | undefined;
  const compressed = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        try {
          const next = await input.next();
          if (next.done === true) {
            controller.close();
            return;
          }
          read += next.value.length;
          // A stream's chunks must not lie in shared memory; a copy of a view on plain memory costs little beside inflating it.
          controller.enqueue(new Uint8Array(next.value));
        } catch (error) {
          sourceError = { error };
          controller.error(error);
        }
      },
    },
    { highWaterMark: 0 },
  );
  const reader = compressed.pipeThrough(new DecompressionStream(format)).getReader();
  let finished = false;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        if (sourceError !== undefined) throw sourceError.error;
        throw new FormatError(`${format}/corrupt`, `the ${format} data is cut short or damaged`, {
          subject,
          facts: { bytesRead: read, bytesInflated: written },
          cause,
        });
      });
      if (done) break;
      written += value.length;
      if (written > maxBytes || written > freeOfRatio + maxRatio * read) {
        throw new FormatError(`${format}/bomb`, `it inflates beyond its limit of ${maxBytes} bytes or ${maxRatio} times its size`, {
          subject,
          facts: { bytesRead: read, bytesInflated: written, maxBytes, maxRatio },
        });
      }
      yield value;
    }
    finished = true;
  } finally {
    if (!finished) {
      reader.cancel().catch(() => {});
      if (!(source instanceof Uint8Array)) await input.return?.(undefined);
    }
  }
}

/** Small pieces, so that the inflater cannot run far ahead of the budget's check. */
async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, Math.min(at + pieceBytes, bytes.length));
}
