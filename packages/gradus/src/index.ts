import "./default-runtime.ts";

export * from "@gradus/tensor";
export * from "@gradus/nn";
export * from "@gradus/optim";
export * from "@gradus/data";
export * from "@gradus/train";
export * from "@gradus/zoo";
export { type Backend, compile, type Compiled, Engine, type MemoryUse, printPlan } from "@gradus/compile";
export { profile, type ProfileOptions, type ProfileReport } from "@gradus/compile/profile";
export {
  type Clock,
  decodeNpy,
  encodeNpy,
  type FileSystem,
  memoryFileSystem,
  nodeFileSystem,
  readSafetensors,
  type SafetensorsFile,
  systemClock,
  writeSafetensors,
} from "@gradus/io";
export { backendNames, type BackendName, createRuntime, type RuntimeChoice } from "./runtime.ts";
