export { type PerfCase as BenchCase, speed, type Work } from "@gradus/conformance/perf";
