import { ArgumentError, hostLike, type HostTensor, sameShape, type State } from "@gradus/tensor";

/** Copies state cells to the host. */
export async function readCells(cells: ReadonlyMap<string, State>): Promise<Map<string, HostTensor>> {
  const entries = await Promise.all(
    [...cells].map(async ([name, cell]) => {
      const data = await cell.data();
      return [name, { dtype: cell.dtype, shape: cell.shape, data: data.slice() }] as const;
    }),
  );
  return new Map<string, HostTensor>(entries);
}

/**
 * Checks all entries, then sets all cells, those without an entry to zero. Returns entries that belong to no cell
 * but end in one of `expected`; others are refused.
 */
export function loadCells(
  subject: string,
  cells: ReadonlyMap<string, State>,
  entries: ReadonlyMap<string, HostTensor>,
  expected: readonly string[],
): Map<string, HostTensor> {
  const later = new Map<string, HostTensor>();
  const wrong: string[] = [];
  for (const [name, entry] of entries) {
    const cell = cells.get(name);
    if (cell === undefined) {
      if (expected.some((slot) => name.endsWith(`/${slot}`))) later.set(name, entry);
      else wrong.push(`${name}: no such slot`);
    } else if (entry.dtype !== cell.dtype || !sameShape(entry.shape, cell.shape) || entry.data.length !== cell.size) {
      wrong.push(`${name}: ${entry.dtype}[${entry.shape.join(", ")}] instead of ${cell.dtype}[${cell.shape.join(", ")}]`);
    }
  }
  if (wrong.length > 0) {
    throw new ArgumentError("optimizer/state-mismatch", "the saved state does not fit, so nothing was loaded", {
      subject,
      facts: { misfits: wrong.slice(0, 40).join("; ") },
      hint: "use the optimizer and the model that it was saved from",
    });
  }
  for (const [name, cell] of cells) cell.set(entries.get(name)?.data.slice() ?? hostLike(cell));
  return later;
}
