import { type DType, float16Bits, type IndexAtom, type IndexExpression, type Scalar, scalarUsesAxis } from "@gradus/tensor";
import type { FunctionBuilder, Local } from "../asm/index.ts";
import { laneConstants, type LaneContext, laneOffsets, type LaneOffsets } from "./lane-pattern.ts";
import { isPowerOfTwo, loadLanes, loadOne, loadPattern, log2Bytes, scale } from "./element.ts";
import { emitLeaf } from "./leaf.ts";
import type { Lanes, Term } from "./lanes.ts";
import type { MathFunctions } from "./math.ts";
import { inputsOf } from "./scalar-inputs.ts";

/** Where a scalar program is evaluated. */
export interface Site {
  readonly axes: readonly Local<"i32">[];
  /** The loop depth at which each axis gets its value: values are computed as far out as they can be. */
  readonly depths: readonly number[];
  /** The axis that runs along the lanes. */
  readonly vectorAxis: number;
  /** Whether the vector axis is a multiple of 4 wherever four lanes are evaluated. */
  readonly aligned: boolean;
  /** Lane 0's index along the vector axis, where there is but one. */
  readonly position?: number;
  readonly buffers: readonly Local<"i32">[];
  readonly dtypes: readonly DType[];
  readonly math: MathFunctions;
  /** Whether short mathematical functions are written out: in a loop of its own, not in each of a library kernel's many stores. */
  readonly inline: boolean;
  /** Accumulators by slot, with the depth at which they are final. */
  readonly accumulators: readonly Local[];
  readonly accumulatorDepth: number;
}

/**
 * Turns scalar programs into code. At each loop depth, `enter` computes what first can be computed there;
 * `leave` forgets it again. Every node is computed once and lives in a local.
 */
export class Evaluator {
  readonly lanes: Lanes;
  readonly #f: FunctionBuilder;
  readonly #site: Site;
  readonly #order: Scalar[] = [];
  readonly #depth = new Map<Scalar, number>();
  readonly #values = new Map<Scalar, Local>();
  readonly #addresses = new Map<string, Local<"i32">>();
  #askedAt: number | null = null;
  readonly #marks: { values: Scalar[]; addresses: string[] }[] = [];

  constructor(lanes: Lanes, site: Site, roots: readonly Scalar[]) {
    this.lanes = lanes;
    this.#f = lanes.f;
    this.#site = site;
    const seen = new Set<Scalar>();
    const visit = (scalar: Scalar): void => {
      if (seen.has(scalar)) return;
      seen.add(scalar);
      for (const input of inputsOf(scalar)) visit(input);
      this.#depth.set(scalar, this.#depthOf(scalar));
      this.#order.push(scalar);
    };
    roots.forEach(visit);
  }

  /** Emits everything that becomes known at this depth; or, if this is the innermost one, each value when it is asked for. */
  enter(depth: number, whenAsked = false): void {
    const mark = { values: [] as Scalar[], addresses: [] as string[] };
    this.#marks.push(mark);
    this.#askedAt = whenAsked ? depth : null;
    if (whenAsked) return;
    for (const scalar of this.#order) {
      const own = this.#depth.get(scalar) ?? 0;
      if (own === depth) {
        this.#values.set(scalar, this.#compute(scalar, depth));
        mark.values.push(scalar);
      } else if (own > depth && scalar.kind === "load") this.#extendAddress(scalar, depth, mark.addresses);
    }
  }

  /** Forgets what the last `enter` made. */
  leave(): void {
    const mark = this.#marks.pop();
    this.#askedAt = null;
    if (mark === undefined) return;
    for (const scalar of mark.values) {
      const local = this.#values.get(scalar);
      if (local !== undefined) this.#f.free(local);
      this.#values.delete(scalar);
    }
    for (const key of mark.addresses) {
      const local = this.#addresses.get(key);
      if (local !== undefined) this.#f.free(local);
      this.#addresses.delete(key);
    }
  }

  /** The computed value of a root. */
  value(scalar: Scalar): Local {
    if (this.#askedAt !== null) this.#ask(scalar, this.#askedAt);
    return known(this.#values.get(scalar), scalar.kind);
  }

  /**
   * Emits several groups of values step by step in turn: a processor holds back only so many instructions that wait for
   * others, and the long formula of one group would fill that room.
   */
  inTurn(groups: readonly (readonly Scalar[])[]): void {
    const depth = this.#askedAt;
    if (depth === null) throw new RangeError("values are emitted in turn at the innermost depth alone");
    const needs = groups.map((roots) => this.#missing(roots));
    for (const scalar of new Set(needs.flat())) if (needs.filter((need) => need.includes(scalar)).length > 1) this.#ask(scalar, depth);
    const steps = needs.map((need) => {
      const own: Term[] = [];
      this.lanes.defer(own);
      for (const scalar of need) {
        if (this.#values.has(scalar)) continue;
        const term = this.#term(scalar, depth);
        const local = this.#f.local(this.#typeOf(scalar));
        own.push(() => this.#f.set(local, term));
        this.#values.set(scalar, local);
        this.#marks.at(-1)?.values.push(scalar);
      }
      return own;
    });
    this.lanes.defer(null);
    const most = Math.max(0, ...steps.map(({ length }) => length));
    for (let i = 0; i < most; i++) for (const own of steps) own[i]?.();
    this.lanes.release();
  }

  /** What has to be computed for some values, inputs first. */
  #missing(roots: readonly Scalar[]): Scalar[] {
    const found = new Set<Scalar>();
    const visit = (scalar: Scalar): void => {
      if (found.has(scalar) || this.#values.has(scalar)) return;
      for (const input of inputsOf(scalar)) visit(input);
      found.add(scalar);
    };
    roots.forEach(visit);
    return [...found];
  }

  #typeOf({ dtype }: Scalar): "v128" | "f32" | "i32" {
    return this.lanes.count === 4 ? "v128" : dtype === "float32" ? "f32" : "i32";
  }

  #ask(scalar: Scalar, depth: number): void {
    if (this.#values.has(scalar)) return;
    for (const input of inputsOf(scalar)) this.#ask(input, depth);
    this.#values.set(scalar, this.#compute(scalar, depth));
    this.#marks.at(-1)?.values.push(scalar);
  }

  #depthOf(scalar: Scalar): number {
    switch (scalar.kind) {
      case "constant":
        return 0;
      case "accumulator":
        return this.#site.accumulatorDepth;
      case "index":
        return this.#constants(scalar.of) === null ? this.#indexDepth(scalar.of) : 0;
      case "load":
        return this.#indexDepth(scalar.at);
      case "call":
        return Math.max(0, ...scalar.args.map((arg) => this.#depth.get(arg) ?? 0));
    }
    scalar satisfies never;
  }

  #indexDepth({ terms }: IndexExpression): number {
    return Math.max(0, ...terms.map(({ atom }) => this.#atomDepth(atom)));
  }

  #atomDepth(atom: IndexAtom): number {
    switch (atom.kind) {
      case "axis":
        return this.#site.depths[atom.axis] ?? 0;
      case "value":
        return this.#depth.get(atom.value) ?? this.#depthOf(atom.value);
      case "div":
      case "mod":
      case "clamp":
        return this.#indexDepth(atom.of);
    }
    atom satisfies never;
  }

  #compute(scalar: Scalar, depth: number): Local {
    const { lanes } = this;
    const term = this.#term(scalar, depth);
    const local = this.#f.local(this.#typeOf(scalar), term);
    lanes.release();
    return local;
  }

  #term(scalar: Scalar, depth: number): Term {
    const { lanes } = this;
    switch (scalar.kind) {
      case "constant":
        if (scalar.dtype === "float32") return lanes.float(scalar.value);
        if (scalar.dtype === "float16") return lanes.integer(float16Bits(scalar.value));
        return lanes.integer(scalar.dtype === "bool" && lanes.count === 4 ? -scalar.value : scalar.value);
      case "index":
        return this.#indexValue(scalar.of);
      case "accumulator": {
        const local = known(this.#site.accumulators[scalar.slot], "accumulator");
        return () => this.#f.get(local);
      }
      case "load":
        return this.#load(scalar, depth);
      case "call":
        return emitLeaf(
          lanes,
          (name, args) => this.#site.math[this.#site.inline ? "inline" : "call"](lanes, name, args),
          scalar.leaf,
          scalar.dtype,
          {
            terms: scalar.args.map((arg) => () => this.#f.get(this.value(arg))),
            scalars: scalar.args,
          },
        );
    }
    scalar satisfies never;
  }

  // Indices

  /** Pushes an index expression as an i32, for one lane. */
  #index({ constant, terms }: IndexExpression, lane: number): void {
    const { i32 } = this.#f;
    let pushed = false;
    for (const { atom, coefficient } of terms) {
      this.#atom(atom, lane);
      if (coefficient !== 1) scale(this.#f, coefficient);
      if (pushed) i32.add();
      pushed = true;
    }
    if (!pushed) i32.const(constant);
    else if (constant !== 0) i32.add(constant);
  }

  #atom(atom: IndexAtom, lane: number): void {
    const { i32 } = this.#f;
    switch (atom.kind) {
      case "axis":
        this.#f.get(known(this.#site.axes[atom.axis], "axis"));
        if (lane !== 0 && atom.axis === this.#site.vectorAxis) i32.add(lane);
        return;
      case "value": {
        const value = known(this.#values.get(atom.value), "index read from data");
        if (this.lanes.count === 4) this.#f.i32x4.extract_lane(lane, () => this.#f.get(value));
        else this.#f.get(value);
        return;
      }
      case "div":
        // Floor division: indices that can be negative are shifted up by a multiple first.
        this.#index(raised(atom.of, atom.by), lane);
        if (isPowerOfTwo(atom.by)) i32.shr_u(Math.log2(atom.by));
        else i32.div_u(atom.by);
        if (atom.of.min < 0) i32.sub(Math.ceil(-atom.of.min / atom.by));
        return;
      case "mod":
        this.#index(raised(atom.of, atom.by), lane);
        if (isPowerOfTwo(atom.by)) i32.and(atom.by - 1);
        else i32.rem_u(atom.by);
        return;
      case "clamp":
        return this.#clamped(atom, lane);
    }
    atom satisfies never;
  }

  /** Pushes an index held between two bounds. */
  #clamped({ of, low, high }: Extract<IndexAtom, { kind: "clamp" }>, lane: number): void {
    const { f } = this.lanes;
    const value = f.local("i32", () => this.#index(of, lane));
    if (of.min < low) f.set(value, () => f.select("i32", value, low, () => f.i32.gt_s(value, low)));
    if (of.max > high) f.set(value, () => f.select("i32", value, high, () => f.i32.lt_s(value, high)));
    f.get(value);
    f.free(value);
  }

  /** An index as a value of the program. */
  #indexValue(of: IndexExpression): Term {
    const { f, count } = this.lanes;
    if (count === 1) return () => this.#index(of, 0);
    const constants = this.#constants(of);
    if (constants !== null) return this.lanes.vector(new Int32Array(constants));
    const offsets = this.#offsets(of);
    if (offsets !== null) {
      const steps = new Uint8Array(new Int32Array(offsets).buffer);
      return () => {
        f.i32x4.splat(() => this.#index(of, 0));
        if (offsets.some((offset) => offset !== 0)) f.i32x4.add(() => f.v128.const(steps));
      };
    }
    return () => {
      f.i32x4.splat(() => this.#index(of, 0));
      for (const lane of [1, 2, 3]) f.i32x4.replace_lane(lane, () => this.#index(of, lane));
    };
  }

  #offsets(of: IndexExpression): LaneOffsets | null {
    return laneOffsets(of, this.#laneContext());
  }

  #constants(of: IndexExpression): LaneOffsets | null {
    return this.lanes.count === 4 ? laneConstants(of, this.#laneContext()) : null;
  }

  #laneContext(): LaneContext {
    const { vectorAxis, aligned, position = null } = this.#site;
    return { axis: vectorAxis, aligned, position, varies: ({ value }) => scalarUsesAxis(value, vectorAxis) };
  }

  // Addresses: buffer + bytes * index, summed outwards in, one local for each depth that adds something.

  #extendAddress({ buffer, at }: Extract<Scalar, { kind: "load" }>, depth: number, made: string[]): void {
    const terms = at.terms.filter(({ atom }) => this.#atomDepth(atom) <= depth);
    const fresh = terms.filter(({ atom }) => this.#atomDepth(atom) === depth);
    if (fresh.length === 0) return;
    const key = addressKey(buffer, terms);
    if (this.#addresses.has(key)) return;
    const local = this.#f.local("i32", () => this.#sum(buffer, at, depth - 1, fresh));
    this.#addresses.set(key, local);
    made.push(key);
  }

  /** Pushes the address so far at `upTo`, plus the given terms. */
  #sum(buffer: number, at: IndexExpression, upTo: number, more: IndexExpression["terms"], lane = 0): void {
    const { f } = this.lanes;
    f.get(this.#prefix(buffer, at, upTo));
    const shift = log2Bytes[this.#site.dtypes[buffer] ?? "float32"];
    for (const { atom, coefficient } of more) {
      this.#atom(atom, lane);
      scale(f, coefficient * 2 ** shift);
      f.i32.add();
    }
  }

  #prefix(buffer: number, at: IndexExpression, upTo: number): Local<"i32"> {
    const terms = at.terms.filter(({ atom }) => this.#atomDepth(atom) <= upTo);
    return known(terms.length === 0 ? this.#site.buffers[buffer] : this.#addresses.get(addressKey(buffer, terms)), "address");
  }

  #load({ buffer, at }: Extract<Scalar, { kind: "load" }>, depth: number): Term {
    const { f, count } = this.lanes;
    const dtype = this.#site.dtypes[buffer] ?? "float32";
    const bytes = 2 ** log2Bytes[dtype];
    const own = at.terms.filter(({ atom }) => this.#atomDepth(atom) === depth);
    // Constants become the instruction's offset, which cannot be negative.
    const offset = at.constant >= 0 ? at.constant * bytes : 0;
    const below = at.constant >= 0 ? 0 : at.constant * bytes;
    const address =
      (lane: number): Term =>
      () => {
        if (lane === 0) this.#sum(buffer, at, depth - 1, own);
        else {
          // What was summed further out holds lane 0's index where the lanes' axis has a value there already.
          const { depths, vectorAxis } = this.#site;
          const common = Math.min(depth, depths[vectorAxis] ?? 0) - 1;
          this.#sum(
            buffer,
            at,
            common,
            at.terms.filter(({ atom }) => this.#atomDepth(atom) > common),
            lane,
          );
        }
        if (below !== 0) f.i32.add(below);
      };
    if (count === 1) return loadOne(f, dtype, offset, address(0));
    const offsets = this.#offsets(at);
    if (offsets !== null) return loadPattern(this.lanes, dtype, offset, address(0), offsets, bytes);
    return loadLanes(f, dtype, offset, address);
  }
}

function addressKey(buffer: number, terms: IndexExpression["terms"]): string {
  return `${buffer}:${terms.map(({ atom, coefficient }) => `${coefficient}*${atom.key}`).join("+")}`;
}

/** Shifts an index that can be negative up by a multiple of the divisor, so that unsigned division floors it. */
function raised(of: IndexExpression, by: number): IndexExpression {
  return of.min >= 0 ? of : { ...of, constant: of.constant + Math.ceil(-of.min / by) * by };
}

/** What an earlier depth has made, or the caller has given. */
function known<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new RangeError(`no ${what} at this depth`);
  return value;
}
