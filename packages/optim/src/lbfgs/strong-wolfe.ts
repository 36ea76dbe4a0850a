/** The function along a line, at one step length. */
export interface LinePoint<P> {
  readonly length: number;
  readonly loss: number;
  /** The derivative along the line. */
  readonly slope: number;
  /** What else the evaluation gave. */
  readonly at: P;
}

export interface LineSearchOptions<P> {
  /** Step length 0; its slope must be negative. */
  readonly start: LinePoint<P>;
  /** The first length tried. */
  readonly length: number;
  readonly evaluate: (length: number) => Promise<LinePoint<P>>;
  /** The bracket is fine enough when the parameters differ by less; `reach` is the direction's largest element. */
  readonly tolerance: number;
  readonly reach: number;
}

export interface LineSearchResult<P> {
  readonly point: LinePoint<P>;
  readonly evaluations: number;
}

/**
 * Searches a line for a step that satisfies the strong Wolfe conditions, f(t) <= f(0) + 1e-4 t f'(0) and
 * |f'(t)| <= 0.9 |f'(0)|: lengths grow until a bracket holds such a point, then cubic interpolation narrows it.
 * At most 25 lengths are tried, the best one found is returned. As in PyTorch's `LBFGS`.
 *
 * Source: Nocedal and Wright, Numerical Optimization, 2006, algorithms 3.5 and 3.6.
 */
export async function strongWolfe<P>(options: LineSearchOptions<P>): Promise<LineSearchResult<P>> {
  const { start, evaluate, tolerance, reach } = options;
  let point = await evaluate(options.length);
  let before = start;
  let tries = 0;
  let bracket: [LinePoint<P>, LinePoint<P>] | null = null;
  while (tries < most) {
    if (!isLower(point, start) || (tries > 1 && point.loss >= before.loss)) bracket = [before, point];
    else if (isFlat(point, start)) return { point, evaluations: tries + 1 };
    else if (point.slope >= 0) bracket = [before, point];
    if (bracket !== null) break;
    const { length } = point;
    const next = cubicMinimum(before, point, length + 0.01 * (length - before.length), length * 10);
    before = point;
    point = await evaluate(next);
    tries++;
  }
  bracket ??= [start, point];
  let low: 0 | 1 = bracket[0].loss <= bracket[1].loss ? 0 : 1;
  let stuck = false;
  while (tries < most) {
    const [a, b] = bracket;
    const [from, to] = [Math.min(a.length, b.length), Math.max(a.length, b.length)];
    if ((to - from) * reach < tolerance) break;
    let length = cubicMinimum(a, b, from, to);
    const margin = 0.1 * (to - from);
    // A length close to an end narrows the bracket little: allowed once, then moved a tenth of the bracket inwards.
    if (Math.min(to - length, length - from) < margin) {
      if (stuck || length >= to || length <= from) {
        length = Math.abs(length - to) < Math.abs(length - from) ? to - margin : from + margin;
        stuck = false;
      } else stuck = true;
    } else stuck = false;
    point = await evaluate(length);
    tries++;
    const high = low === 0 ? 1 : 0;
    if (!isLower(point, start) || point.loss >= bracket[low].loss) {
      bracket[high] = point;
      low = bracket[0].loss <= bracket[1].loss ? 0 : 1;
      continue;
    }
    if (isFlat(point, start)) return { point, evaluations: tries + 1 };
    if (point.slope * (bracket[high].length - bracket[low].length) >= 0) bracket[high] = bracket[low];
    bracket[low] = point;
  }
  return { point: bracket[low], evaluations: tries + 1 };
}

const most = 25;

/** The first condition. A loss that is not finite is not lower. */
function isLower<P>({ length, loss }: LinePoint<P>, start: LinePoint<P>): boolean {
  return loss <= start.loss + 1e-4 * length * start.slope;
}

/** The second condition. */
function isFlat<P>({ slope }: LinePoint<P>, start: LinePoint<P>): boolean {
  return Math.abs(slope) <= -0.9 * start.slope;
}

/** Where the cubic through two points with their slopes is lowest, within low .. high; the middle if there is no such place. */
function cubicMinimum<P>(a: LinePoint<P>, b: LinePoint<P>, low: number, high: number): number {
  const [left, right] = a.length <= b.length ? [a, b] : [b, a];
  const d = left.slope + right.slope - (3 * (left.loss - right.loss)) / (left.length - right.length);
  const square = d * d - left.slope * right.slope;
  if (!(square >= 0 && Number.isFinite(square))) return (low + high) / 2;
  const root = Math.sqrt(square);
  const lowest = right.length - (right.length - left.length) * ((right.slope + root - d) / (right.slope - left.slope + 2 * root));
  return Number.isNaN(lowest) ? (low + high) / 2 : Math.min(Math.max(lowest, low), high);
}
