import type { Summary } from "./summary.ts";

/** A summary as a table of plain text: one row a layer, then the totals. */
export function printSummary({
  model,
  inputShape,
  layers,
  parameters,
  multiplyAccumulates,
  connections,
  stateBytes,
  outputBytes,
}: Omit<Summary, "toString">): string {
  const header = ["layer", "type", "output", "parameters", "multiply-adds", "connections", "memory", "sees"];
  const rows = layers.map((layer) => [
    layer.path === "" ? "(model)" : layer.path,
    layer.type,
    `[${layer.outputShape.join(", ")}]`,
    count(layer.parameters),
    count(layer.multiplyAccumulates),
    count(layer.connections),
    bytes(layer.outputBytes),
    layer.receptiveField === null ? "-" : layer.receptiveField.join("x"),
  ]);
  const totals = ["total", "", "", count(parameters), count(multiplyAccumulates), count(connections), bytes(outputBytes), ""];
  const widths = header.map((_, column) => Math.max(...[header, ...rows, totals].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column < 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  const rule = "-".repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  return [
    `${model}, input [${inputShape.join(", ")}]`,
    line(header),
    rule,
    ...rows.map(line),
    rule,
    line(totals),
    `${bytes(stateBytes)} of parameters and buffers; figures are for one sample`,
  ].join("\n");
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  return value < 1024 * 1024 ? `${(value / 1024).toFixed(1)} KB` : `${(value / 1024 / 1024).toFixed(1)} MB`;
}
