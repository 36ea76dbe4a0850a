import { ArgumentError, type HostTensor } from "@gradus/tensor";
import { decodeElements, type DecodeOptions } from "../elements/decode.ts";
import type { FileReader, FileSystem } from "../ports/file-system.ts";
import { headerLength, parseHeader, type TensorEntry } from "./header.ts";
import { inMessage } from "./in-message.ts";

/** An open safetensors file: the header is read and checked, tensors are read when asked for. */
export interface SafetensorsFile extends AsyncDisposable {
  readonly metadata: ReadonlyMap<string, string>;
  /** Tensors' names in the header's order. */
  readonly names: readonly string[];
  /** What the header says of each tensor. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /** Reads one tensor. Throws `ArgumentError` for a name the file does not hold, and what `decodeElements` throws. */
  get(name: string, options?: DecodeOptions): Promise<HostTensor>;
  close(): Promise<void>;
}

/** Bytes in memory, or a file by its path. */
export type SafetensorsSource = Uint8Array | { readonly fs: FileSystem; readonly path: string };

/**
 * Opens a safetensors file: reads and checks its header, at most 100 MB of it, and nothing else.
 *
 * ```ts
 * await using file = await readSafetensors({ fs: nodeFileSystem(), path: "lenet5.safetensors" });
 * const weight = await file.get("layer1.weight");
 * ```
 *
 * @throws FormatError `safetensors/*` for a file that breaks any rule of the format; `format/pickle` for a `.pt` file.
 */
export async function readSafetensors(source: SafetensorsSource): Promise<SafetensorsFile> {
  const file = source instanceof Uint8Array ? inMemory(source) : await source.fs.open(source.path);
  try {
    const length = headerLength(await file.read(0, Math.min(file.size, 16)), file.size);
    const { metadata, tensors, dataBegin } = parseHeader(await file.read(8, length), file.size);
    return {
      metadata,
      names: [...tensors.keys()],
      entries: tensors,
      get: async (name, options) => {
        const entry = tensors.get(name);
        if (entry === undefined)
          throw new ArgumentError("safetensors/no-such-tensor", `the file holds no tensor ${inMessage(name)}`, {
            subject: "safetensors",
            facts: { tensors: tensors.size },
          });
        const bytes = await file.read(dataBegin + entry.begin, entry.end - entry.begin);
        return decodeElements({ ...entry, format: "safetensors", what: `the tensor ${inMessage(name)}` }, bytes, options);
      },
      close: () => file.close(),
      [Symbol.asyncDispose]: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function inMemory(bytes: Uint8Array): FileReader {
  return { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length), close: async () => {} };
}
