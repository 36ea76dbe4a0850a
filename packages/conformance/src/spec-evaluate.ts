import {
  attrsOf,
  type Host,
  hostLike,
  mapSlots,
  numbersOf,
  opOf,
  type State,
  type Tensor,
  topological,
  withoutScans,
} from "@gradus/tensor";
import { type SpecifiedOp, specifiedOps } from "./case.ts";

let table: ReadonlyMap<string, SpecifiedOp> | null = null;

/**
 * Computes tensors op by op with the specs' references, in float64: no compiler, no backend.
 *
 * `cells` holds the values of state cells; a cell that is missing has its host value.
 */
export function specEvaluate(tensors: readonly Tensor[], cells: ReadonlyMap<State, Float64Array> = new Map()): Float64Array[] {
  table ??= new Map(specifiedOps().map((op) => [op.name, op]));
  const values = new Map<Tensor, Float64Array>();
  const valueOf = (tensor: Tensor): Float64Array => values.get(tensor) ?? new Float64Array(0);
  const roots = withoutScans(tensors.map((tensor) => tensor.value()));
  for (const tensor of topological(roots)) {
    const op = opOf(tensor);
    const { source } = tensor;
    if (op === null) {
      values.set(
        tensor,
        source.kind === "state"
          ? (cells.get(source.state) ?? Float64Array.from(numbersOf(tensor.dtype, source.state.hostValue() ?? hostLike(tensor))))
          : Float64Array.from(numbersOf(tensor.dtype, tensor.host ?? hostLike(tensor))),
      );
      continue;
    }
    const spec = table.get(op.name);
    if (spec === undefined) throw new RangeError(`op "${op.name}" has no spec`);
    const x = mapSlots<Host>(tensor, (parent) => ({ shape: parent.shape, dtype: parent.dtype, data: valueOf(parent) }));
    values.set(tensor, Float64Array.from(spec.reference(x, attrsOf(tensor), tensor)));
  }
  return roots.map(valueOf);
}
