// What a page pays that multiplies matrices and nothing else: no convolution, no other op's row.
import { compile, Engine } from "@gradus/compile";
import { matmul } from "@gradus/tensor";
import { WasmBackend } from "@gradus/wasm";

export { compile, Engine, matmul, WasmBackend };
