import { ByteWriter } from "./bytes.ts";
import { AssemblerError } from "./error.ts";
import { FunctionBuilder } from "./function-builder.ts";
import type { Local } from "./local.ts";
import { type FunctionHandle, type GlobalHandle, type Signature, type ValueType, valueTypeCode } from "./types.ts";

export interface MemoryImport {
  /** Pages of 64 KiB; `maximum` at most 65,536. */
  readonly initial: number;
  readonly maximum: number;
  /** Shared between threads (the default). */
  readonly shared?: boolean;
  readonly module?: string;
  readonly name?: string;
}

export interface FunctionOptions<P extends readonly ValueType[], R extends ValueType | null> {
  readonly parameters: P;
  readonly result?: R;
  /** The name to export under; not exported without. */
  readonly export?: string;
}

/** One typed local per parameter. */
export type ParameterLocals<P extends readonly ValueType[]> = { [K in keyof P]: Local<P[K]> };

/** Assembles one WebAssembly module: `build` gives its bytes. */
export class ModuleBuilder {
  readonly #signatures = new Map<string, { index: number; signature: Signature }>();
  readonly #imports: ((out: ByteWriter) => void)[] = [];
  readonly #exports: ((out: ByteWriter) => void)[] = [];
  readonly #exported = new Set<string>();
  readonly #functions: { signature: number; code: Uint8Array }[] = [];
  readonly #globals: ((out: ByteWriter) => void)[] = [];
  readonly #constants = new Map<string, GlobalHandle<"v128">>();
  readonly #names: string[] = [];
  #importedFunctions = 0;
  #hasMemory = false;
  #emitting = false;

  /** Imports the module's one memory, as `env.memory` unless named otherwise. */
  importMemory({ initial, maximum, shared = true, module = "env", name = "memory" }: MemoryImport): void {
    if (this.#hasMemory) throw new AssemblerError("asm/memory", "a module has one memory, and this one has it already");
    if (!(initial >= 0 && initial <= maximum && maximum <= 65_536))
      throw new AssemblerError("asm/memory", `memory pages must satisfy 0 <= initial <= maximum <= 65536, not ${initial} and ${maximum}`);
    this.#hasMemory = true;
    this.#imports.push((out) => {
      out.name(module);
      out.name(name);
      out.append([0x02, shared ? 0x03 : 0x01]);
      out.u32(initial);
      out.u32(maximum);
    });
  }

  /** Imports a function; all imports come before the first function defined. */
  importFunction<const P extends readonly ValueType[]>(
    module: string,
    name: string,
    parameters: P,
    result: ValueType | null = null,
  ): FunctionHandle<P> {
    if (this.#functions.length > 0 || this.#emitting)
      throw new AssemblerError(
        "asm/import-order",
        `import ${module}.${name} must come before the first function defined, for it is numbered first`,
      );
    const signature = this.#signature({ parameters, result });
    this.#imports.push((out) => {
      out.name(module);
      out.name(name);
      out.u8(0x00);
      out.u32(signature);
    });
    this.#names.push(name);
    return { index: this.#importedFunctions++, name, parameters, result };
  }

  /** A global variable of type i32, mutable unless said otherwise. */
  global(
    name: string,
    initial: number,
    { mutable = true, export: exported }: { mutable?: boolean; export?: string } = {},
  ): GlobalHandle<"i32"> {
    const index = this.#globals.length;
    this.#globals.push((out) => {
      out.append([valueTypeCode.i32, mutable ? 1 : 0, 0x41]);
      out.s32(initial | 0);
      out.u8(0x0b);
    });
    if (exported !== undefined) this.#export(exported, 0x03, index);
    return { index, name, type: "i32", mutable };
  }

  /**
   * A vector of 16 given bytes as an immutable global, one for equal bytes. V8 reads it as an operand in memory, while it builds a
   * `v128.const` in several instructions each time.
   */
  constant(bytes: Uint8Array): GlobalHandle<"v128"> {
    if (bytes.length !== 16) throw new AssemblerError("asm/global", `a vector constant has 16 bytes, not ${bytes.length}`);
    const key = bytes.join();
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const copy = bytes.slice();
    const index = this.#globals.length;
    this.#globals.push((out) => {
      out.append([valueTypeCode.v128, 0, 0xfd, 0x0c]);
      out.append(copy);
      out.u8(0x0b);
    });
    const handle = { index, name: `constant${this.#constants.size}`, type: "v128", mutable: false } as const;
    this.#constants.set(key, handle);
    return handle;
  }

  /**
   * Defines a function; `body` receives the builder and one local per parameter.
   *
   * @throws AssemblerError when the body is ill-typed.
   */
  function<const P extends readonly ValueType[], R extends ValueType | null = null>(
    name: string,
    options: FunctionOptions<P, R>,
    body: (f: FunctionBuilder, ...parameters: ParameterLocals<P>) => void,
  ): FunctionHandle<P> {
    if (this.#emitting)
      throw new AssemblerError("asm/nested-function", `function ${name} is defined inside another's body: define it before, and call it`);
    const { parameters, result = null, export: exported } = options;
    const f = new FunctionBuilder(name, { parameters, result });
    this.#emitting = true;
    try {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the builder made its parameter locals from the same list of types
      body(f, ...(f.parameters as ParameterLocals<P>));
    } finally {
      this.#emitting = false;
    }
    const index = this.#importedFunctions + this.#functions.length;
    this.#functions.push({ signature: this.#signature({ parameters, result }), code: f.finish() });
    this.#names.push(name);
    if (exported !== undefined) this.#export(exported, 0x00, index);
    return { index, name, parameters, result };
  }

  /** Exports a function, perhaps under a second name. */
  export(name: string, callee: FunctionHandle): void {
    this.#export(name, 0x00, callee.index);
  }

  /** The module in the binary format, with a name section so that profiles and stack traces show kernels by name. */
  build(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter();
    out.append([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
    section(
      out,
      1,
      [...this.#signatures.values()].map(
        ({ signature }) =>
          (to: ByteWriter) =>
            writeSignature(to, signature),
      ),
    );
    section(out, 2, this.#imports);
    section(
      out,
      3,
      this.#functions.map(
        ({ signature }) =>
          (to: ByteWriter) =>
            to.u32(signature),
      ),
    );
    section(out, 6, this.#globals);
    section(out, 7, this.#exports);
    section(
      out,
      10,
      this.#functions.map(({ code }) => (to: ByteWriter) => {
        to.u32(code.length);
        to.append(code);
      }),
    );
    writeNames(out, this.#names);
    return out.finish();
  }

  #signature(signature: Signature): number {
    const key = `${signature.parameters.join()}:${signature.result}`;
    const known = this.#signatures.get(key);
    if (known !== undefined) return known.index;
    const index = this.#signatures.size;
    this.#signatures.set(key, { index, signature });
    return index;
  }

  #export(name: string, kind: number, index: number): void {
    if (this.#exported.has(name)) throw new AssemblerError("asm/export", `two exports are named ${name}`);
    this.#exported.add(name);
    this.#exports.push((out) => {
      out.name(name);
      out.u8(kind);
      out.u32(index);
    });
  }
}

function section(out: ByteWriter, id: number, entries: readonly ((to: ByteWriter) => void)[]): void {
  if (entries.length === 0) return;
  const body = new ByteWriter();
  body.u32(entries.length);
  for (const write of entries) write(body);
  writeSection(out, id, body);
}

function writeSection(out: ByteWriter, id: number, body: ByteWriter): void {
  out.u8(id);
  out.u32(body.length);
  out.append(body.finish());
}

function writeSignature(out: ByteWriter, { parameters, result }: Signature): void {
  out.u8(0x60);
  out.u32(parameters.length);
  for (const type of parameters) out.u8(valueTypeCode[type]);
  out.append(result === null ? [0] : [1, valueTypeCode[result]]);
}

function writeNames(out: ByteWriter, names: readonly string[]): void {
  if (names.length === 0) return;
  const functions = new ByteWriter();
  functions.u32(names.length);
  names.forEach((name, index) => {
    functions.u32(index);
    functions.name(name);
  });
  const body = new ByteWriter();
  body.name("name");
  writeSection(body, 1, functions);
  writeSection(out, 0, body);
}
