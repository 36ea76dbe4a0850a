import type { Lanes, Term } from "../lanes.ts";
import { Doubles } from "./doubles.ts";

/**
 * The exact remainder of a / b truncated, with the sign of `a`: r = |a|, and r - q |b| again and again with q
 * the nearest whole number to r / |b|, cut to 24 bits so that float64 holds the product and the difference exactly. One turn
 * does for |a / b| < 2^24, and each further turn for 2^23 times that. NaN for b = 0 and infinite a. Error 0.
 */
export function rem(l: Lanes, a: Term, b: Term): Term {
  const { f } = l;
  const d = new Doubles(l);
  const dividend = l.keep(l.abs(a));
  const divisor = l.keep(l.abs(b));
  const wideDivisor = d.keep(d.fromFloat(divisor));
  const locals = l.count === 4 ? f.locals("v128", 2) : f.locals("f64", 1);
  const rest = locals.map((local) => () => f.get(local));
  const setRest = (value: readonly Term[]): void => locals.forEach((local, i) => f.set(local, value[i]));

  setRest(d.fromFloat(dividend));
  f.loop((again) => {
    const q = d.shorten(d.nearest(d.div(rest, wideDivisor)).whole);
    setRest(d.sub(rest, d.mul(q, wideDivisor)));
    f.brIf(again, l.any(l.lessEqual(divisor, l.abs(d.toFloat(rest)))));
  });
  const r = l.keep(d.toFloat(rest));
  f.free(...locals);
  // To nearest, the last turn may have taken one multiple too many.
  const remainder = l.select(l.less(r, l.float(0)), l.add(r, divisor), r);
  return l.withSign(l.select(l.less(dividend, divisor), dividend, remainder), a);
}
