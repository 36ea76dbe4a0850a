// Measures the GPU and nothing else, for machines that have nothing else: `gpu-bench.ts [FILTER ...] [--effort X] [--peers NAME,...] [--json FILE]`.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { gpuCases } from "@gradus/conformance/perf";
import { describeHost } from "../host.ts";
import { measure } from "../measure.ts";
import { type Report, reportFormat } from "../report.ts";
import { caseTable, ceilingLines, hostLine } from "../table.ts";
import { dispatchOverhead } from "./dispatch-overhead.ts";
import { measureGpuCeilings } from "./gpu-ceilings.ts";
import { gpuContenders, gpuPeers, isGpuPeer } from "./gpu-contenders.ts";
import { gpuTargets } from "./gpu-targets.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { effort: { type: "string" }, json: { type: "string" }, peers: { type: "string" } },
});
const effort = Number(values.effort ?? 1);
if (!(effort > 0)) throw new RangeError(`--effort takes a number above 0, not ${values.effort ?? ""}`);
const peers = (values.peers ?? gpuPeers.join(",")).split(",").filter(isGpuPeer);
const cases = gpuCases.filter(({ name }) => positionals.length === 0 || positionals.some((word) => name.includes(word)));

const host = describeHost(null);
console.log(hostLine(host));
const ceilings = await measureGpuCeilings({ effort: Math.min(1, effort), onProgress: () => undefined });
for (const line of ceilingLines(ceilings)) console.log(line);
const measured = await measure({
  cases,
  contenders: gpuContenders(peers),
  effort: { rounds: 7, turn: 100 * effort, warmUp: 1000 * effort },
  onCase: (report) => console.log(`\n${caseTable(report, ceilings)}`),
  onProgress: () => undefined,
});
const budgets = gpuTargets(measured.cases, ceilings, await dispatchOverhead());
console.log("");
for (const { name, limit, measured: found, holds } of budgets)
  console.log(`${holds === null ? "     " : holds ? "ok   " : "OVER "} ${name}: ${found} (budget ${limit})`);
for (const [library, version] of Object.entries(measured.versions)) console.log(`${library}: ${version}`);
if (values.json !== undefined) {
  const date = new Date().toISOString().slice(0, 10);
  const report: Report = { format: reportFormat, command: "gpu-bench", date, host, ceilings, ...measured, sizes: {}, budgets };
  writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}
