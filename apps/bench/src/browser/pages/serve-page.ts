import type { NamedArray } from "@gradus/conformance/perf";
import type { ArrayFile } from "../../arrays.ts";
import { answering, sentence } from "../../libraries/answering.ts";
import type { Library } from "../../libraries/library.ts";
import type { Answer, Request } from "../../protocol.ts";

/** What a library's page is told before anything else. */
export interface PageSettings {
  readonly threads: number;
  /** Instruction level of Gradus; empty for the best the browser has. */
  readonly level: string;
  /** The version of the package, for one that exports none of its own. */
  readonly version: string;
}

/** What the harness calls in a page. */
export interface PageHandle {
  /** Loads the library: `hello`, or `failed`. */
  load(settings: PageSettings): Promise<Answer>;
  answer(request: Request): Promise<Answer>;
}

declare global {
  /** Set by a library's page as it is loaded. */
  var gradusPage: PageHandle | undefined;
}

/** The clock of an isolated page goes in steps of 5 µs: a hundred of them tell a time to one in a hundred. */
const shortestTiming = 0.5;

/** Lets the harness load one library in this page and ask it. Arrays are files of the page's server, read by GET and written by PUT. */
export function servePage(load: (settings: PageSettings) => Promise<Library>): void {
  let answer: ((request: Request) => Promise<Answer>) | null = null;
  globalThis.gradusPage = {
    async load(settings) {
      try {
        const library = await load(settings);
        // The harness reads the memory of the page's processes from outside.
        const memory = { begin: () => {}, bytes: () => null };
        answer = answering(library, { readArrays, writeArrays, memory, shortestTiming });
        return { kind: "hello", version: library.version };
      } catch (error) {
        return { kind: "failed", why: sentence(error) };
      }
    },
    answer: async (request) => (answer === null ? { kind: "failed", why: "its library is not loaded" } : answer(request)),
  };
}

async function readArrays(files: readonly ArrayFile[]): Promise<NamedArray[]> {
  return Promise.all(
    files.map(async ({ name, shape, dtype, path }) => {
      const response = await fetch(path);
      if (!response.ok) throw new Error(`${path} is not served (${response.status})`);
      const buffer = await response.arrayBuffer();
      return { name, shape, data: dtype === "float32" ? new Float32Array(buffer) : new Int32Array(buffer) };
    }),
  );
}

async function writeArrays(folder: string, prefix: string, arrays: readonly NamedArray[]): Promise<ArrayFile[]> {
  return Promise.all(
    arrays.map(async ({ name, shape, data }, i) => {
      const path = `${folder}/${prefix}-${i}.bin`;
      // A copy, because memory that threads share cannot be sent.
      const response = await fetch(path, { method: "PUT", body: data.slice() });
      if (!response.ok) throw new Error(`${path} is not taken (${response.status})`);
      return { name, shape, dtype: data instanceof Float32Array ? "float32" : "int32", path };
    }),
  );
}
