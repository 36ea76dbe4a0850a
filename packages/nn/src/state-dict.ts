import { ArgumentError, type HostTensor, sameShape, sizeOf, State } from "@gradus/tensor";
import { bindOnce } from "./bind.ts";
import type { Module } from "./module.ts";

export interface LoadOptions {
  /** Refuses missing and unexpected entries; true when left out. */
  readonly strict?: boolean;
}

/** What did not match when loading with `strict: false`. */
export interface LoadReport {
  /** Paths of the model that no entry was given for; they kept their values. */
  readonly missing: readonly string[];
  /** Entries that belong to nothing in the model. */
  readonly unexpected: readonly string[];
}

/** Copies every state cell of a module to the host. */
export async function readState(module: Module): Promise<Map<string, HostTensor>> {
  bindOnce(module);
  const result = new Map<string, HostTensor>();
  for (const [path, { dtype, shape, data }] of await Promise.all(
    cellsOf(module).map(async ([path, cell]) => [path, await copyOf(cell)] as const),
  )) {
    result.set(path, { dtype, shape, data });
  }
  return result;
}

/** Checks every entry first, then takes them all. */
export function loadState(module: Module, entries: ReadonlyMap<string, HostTensor>, { strict = true }: LoadOptions): LoadReport {
  bindOnce(module);
  const cells = cellsOf(module);
  const known = new Set(cells.map(([path]) => path));
  const missing = cells.map(([path]) => path).filter((path) => !entries.has(path));
  const unexpected = [...entries.keys()].filter((path) => !known.has(path));
  const misfits = cells.flatMap(([path, cell]) => {
    const entry = entries.get(path);
    return entry === undefined || fits(entry, cell) ? [] : [`${path}: ${describe(entry)} instead of ${describe(cell)}`];
  });
  if (misfits.length > 0 || (strict && missing.length + unexpected.length > 0)) {
    throw new ArgumentError("state-dict/mismatch", "the entries do not fit the model, so nothing was loaded", {
      subject: `${module.constructor.name}.loadStateDict`,
      facts: {
        ...(missing.length > 0 ? { missing: listed(missing) } : {}),
        ...(unexpected.length > 0 ? { unexpected: listed(unexpected) } : {}),
        ...(misfits.length > 0 ? { misfits: listed(misfits) } : {}),
      },
      ...(misfits.length > 0 ? {} : { hint: "pass strict: false to load what matches" }),
    });
  }
  for (const [path, cell] of cells) {
    const entry = entries.get(path);
    if (entry !== undefined) cell.set(entry.data.slice());
  }
  return { missing, unexpected };
}

function cellsOf(module: Module): (readonly [path: string, cell: State])[] {
  return [...module.walk()].flatMap(([path, member]) => (member instanceof State ? [[path, member] as const] : []));
}

async function copyOf(cell: State): Promise<HostTensor> {
  const data = await cell.data();
  return { dtype: cell.dtype, shape: cell.shape, data: data.slice() };
}

function fits(entry: HostTensor, cell: State): boolean {
  return entry.dtype === cell.dtype && sameShape(entry.shape, cell.shape) && entry.data.length === sizeOf(cell.shape);
}

function describe({ dtype, shape }: Pick<HostTensor, "dtype" | "shape">): string {
  return `${dtype}[${shape.join(", ")}]`;
}

/** A readable line, however many there are. */
function listed(names: readonly string[], limit = 40): string {
  return names.length <= limit ? names.join("; ") : `${names.slice(0, limit).join("; ")}; and ${names.length - limit} more`;
}
