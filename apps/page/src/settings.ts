/** What the page's address asks for. */
export interface Settings {
  readonly steps: number;
  readonly batchSize: number;
  readonly backends: readonly string[];
}

/**
 * Reads `?steps=200&batch=8&backends=wasm,webgpu`, each with its default.
 *
 * @throws RangeError for anything else.
 */
export function settingsOf(query: string): Settings {
  const given = new URLSearchParams(query);
  const known = ["steps", "batch", "backends"];
  const unknown = [...given.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) throw new RangeError(`the address sets ${unknown}, and may set ${known.join(", ")}`);
  const backends = (given.get("backends") ?? "wasm,webgpu").split(",");
  const strange = backends.find((name) => name !== "wasm" && name !== "webgpu");
  if (strange !== undefined) throw new RangeError(`backends are wasm and webgpu, not "${strange}"`);
  return { steps: count(given, "steps", 200), batchSize: count(given, "batch", 8), backends };
}

function count(given: URLSearchParams, name: string, usual: number): number {
  const text = given.get(name) ?? String(usual);
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new RangeError(`${name} must be a whole number from 1 to 99999, not "${text}"`);
}
