import { BackendError } from "@gradus/tensor";

/** A compute pipeline and the layout of its bindings. */
export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Pipelines by source: what is the same in two plans, or twice in one, is compiled once. */
export class Pipelines {
  readonly #device: GPUDevice;
  readonly #bySource = new Map<string, Promise<Pipeline>>();
  readonly #layouts = new Map<string, { readonly group: GPUBindGroupLayout; readonly pipeline: GPUPipelineLayout }>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Pipelines compiled and kept. */
  get count(): number {
    return this.#bySource.size;
  }

  /**
   * The pipeline of a module whose bindings are writable, or not, in order.
   *
   * @throws BackendError (in the promise) with the compiler's message.
   */
  get(source: string, written: readonly boolean[], label: string): Promise<Pipeline> {
    let known = this.#bySource.get(source);
    if (known === undefined) {
      if (this.#bySource.size >= mostKept) this.#forgetOldest();
      this.#bySource.set(source, (known = this.#compile(source, written, label)));
    }
    return known;
  }

  async #compile(source: string, written: readonly boolean[], label: string): Promise<Pipeline> {
    const { group, pipeline: layout } = this.#layoutOf(written);
    // What is wrong with it is told by the pipeline, below.
    this.#device.pushErrorScope("validation");
    const module = this.#device.createShaderModule({ code: source, label });
    this.#device.popErrorScope().catch(() => undefined);
    try {
      const pipeline = await this.#device.createComputePipelineAsync({ layout, compute: { module, entryPoint: "main" }, label });
      return { pipeline, layout: group };
    } catch (cause) {
      const { messages } = await module.getCompilationInfo();
      const errors = messages.filter(({ type }) => type === "error").map(({ lineNum, message }) => `line ${lineNum}: ${message}`);
      throw new BackendError("webgpu/shader", `the shader of ${label} was not accepted`, {
        subject: "webgpu",
        facts: { message: errors[0] ?? (cause instanceof Error ? cause.message : String(cause)) },
        cause,
      });
    }
  }

  #layoutOf(written: readonly boolean[]): { readonly group: GPUBindGroupLayout; readonly pipeline: GPUPipelineLayout } {
    const key = written.map(Number).join("");
    let known = this.#layouts.get(key);
    if (known === undefined) {
      const entries = written.map((writes, binding): GPUBindGroupLayoutEntry => ({
        binding,
        // GPUShaderStage.COMPUTE, which hosts without WebGPU have no name for.
        visibility: 4,
        buffer: { type: writes ? "storage" : "read-only-storage" },
      }));
      const group = this.#device.createBindGroupLayout({ entries });
      known = { group, pipeline: this.#device.createPipelineLayout({ bindGroupLayouts: [group] }) };
      this.#layouts.set(key, known);
    }
    return known;
  }

  #forgetOldest(): void {
    for (const source of [...this.#bySource.keys()].slice(0, mostKept / 4)) this.#bySource.delete(source);
  }
}

/** Executables hold the pipelines they use; this bounds what is kept for those to come. */
const mostKept = 2048;
