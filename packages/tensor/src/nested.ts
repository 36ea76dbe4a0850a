import { Tensor } from "./tensor.ts";

/**
 * A structure of tensors (lists, maps and plain objects of them) with each replaced; anything else stays. `path` says where one is.
 *
 * @internal
 */
export function mapTensors(value: unknown, map: (tensor: Tensor, path: string) => unknown, path = ""): unknown {
  if (value instanceof Tensor) return map(value, path);
  if (Array.isArray(value)) return value.map((item: unknown, i) => mapTensors(item, map, `${path}[${i}]`));
  if (value instanceof Map) {
    return new Map([...value].map(([name, item]: [unknown, unknown]) => [name, mapTensors(item, map, `${path}.${String(name)}`)]));
  }
  if (isPlainObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapTensors(item, map, `${path}.${name}`)]));
  }
  return value;
}

/** @internal */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
