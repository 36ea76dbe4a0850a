import {
  add,
  argmax,
  cast,
  cholesky,
  conv2d,
  exp,
  expand,
  matmul,
  max,
  mean,
  mul,
  neg,
  permute,
  relu,
  reshape,
  select,
  slice,
  stack,
  sub,
  sum,
  tanh,
  type Tensor,
} from "@gradus/tensor";
import { describe, expect, test } from "vitest";
import { buildPlan } from "./build.ts";
import { readProgram } from "./program.ts";
import { printScalar } from "./print.ts";
import { cell, data, planOf, textOf } from "./plan-text.test.support.ts";

describe("canonical", () => {
  test("equal calls on equal inputs are computed once", () => {
    const x = data(4);
    expect(textOf(planOf(add(tanh(x), tanh(x)), mul(tanh(x), 2)))).toMatchInlineSnapshot(`
      "
      tanh: over [4] of %0
        %1 = tanh(b0[0+1*i0])
      add: over [4] of %1
        %2 = add(b0[0+1*i0], b0[0+1*i0])
      mul: over [4] of %1
        %3 = mul(b0[0+1*i0], 2)
      %0 float32[4] at 0 (constant)
      %1 float32[4] at 64 (tanh)
      %2 float32[4] at 0 (add)
      %3 float32[4] at 64 (mul)
      outputs %2, %3; arena 128
      "
    `);
  });

  test("equal calls with other attributes, or on other data of the same shape, are not", () => {
    const [x, y] = [data(2, 3), data(2, 3)];
    expect(planOf(sum(x, { axis: 0 }), sum(x, { axis: 1 }), sum(y, { axis: 0 })).steps.length).toBe(3);
  });
});

describe("group", () => {
  test("a pointwise chain is one kernel that reads its inputs once", () => {
    const [a, b] = [data(2, 3), data(2, 3)];
    expect(textOf(planOf(mul(tanh(add(a, b)), neg(a))))).toMatchInlineSnapshot(`
      "
      mul: over [6] of %0, %1
        %2 = mul(tanh(add(b0[0+1*i0], b1[0+1*i0])), neg(b0[0+1*i0]))
      %0 float32[2, 3] at 0 (constant)
      %1 float32[2, 3] at 64 (constant)
      %2 float32[2, 3] at 128 (mul)
      outputs %2; arena 192
      "
    `);
  });

  test("a cheap value with two readers is computed twice; a costly one is stored", () => {
    const [x, y] = [data(2, 3), data(2, 3)];
    const cheap = add(x, y);
    expect(planOf(sum(cheap, { axis: 0 }), sum(cheap, { axis: 1 })).steps.map(({ label }) => label)).toEqual(["sum", "sum"]);
    const costly = exp(add(x, y));
    expect(planOf(sum(costly, { axis: 0 }), sum(costly, { axis: 1 })).steps.map(({ label }) => label)).toEqual(["exp", "sum", "sum"]);
  });

  test("a costly value is stored before a broadcast repeats it; a cheap one is not", () => {
    const x = data(1, 3);
    expect(planOf(neg(expand(exp(x), [64, 3]))).steps.map(({ label }) => label)).toEqual(["exp", "neg"]);
    expect(planOf(neg(expand(neg(x), [64, 3]))).steps.map(({ label }) => label)).toEqual(["neg"]);
  });

  test("reductions of the same extents over the same value are one kernel, each with the chain behind it", () => {
    const [x, y] = [data(8, 30), data(8, 30)];
    const outputs = [tanh(sum(x, { axis: 1 })), max(mul(x, y), { axis: 1 }), sum(y, { axis: 0 })];
    expect(planOf(...outputs).steps.map(({ label }) => label)).toEqual(["tanh+max", "sum"]);
    expect(planOf(max(x, { axis: 1 }), argmax(x, { axis: 1 })).steps.map(({ label }) => label)).toEqual(["max+argmax"]);
    // A sum is no part of a search for a position, and at most three go together.
    expect(planOf(sum(x, { axis: 1 }), argmax(x, { axis: 1 })).steps.length).toBe(2);
    expect(planOf(...[1, 2, 3, 4].map((by) => sum(mul(x, by), { axis: 1 }))).steps.length).toBe(2);
  });

  test("a reduction that waits for another, or for what waits for it, is a kernel of its own", () => {
    const [x, y] = [data(8, 30), data(8, 30)];
    const average = mean(x, { axis: 1, keepDims: true });
    expect(planOf(average, sum(mul(sub(x, average), x), { axis: 1 })).steps.length).toBe(2);
    // b goes with c, which waits for a then; d waits for c, so that it cannot go with a.
    const a = sum(x, { axis: 1, keepDims: true });
    const c = sum(y, { axis: 1, keepDims: true });
    const h = exp(c);
    const b = sum(mul(y, a), { axis: 1 });
    const d = sum(mul(x, h), { axis: 1 });
    expect(planOf(a, c, h, b, d).steps.map(({ label }) => label)).toEqual(["reshape", "reshape+sum", "exp", "sum"]);
    // p and q go together, so that what reads q waits for what p waits for.
    const p = sum(mul(x, exp(c)), { axis: 1, keepDims: true });
    const q = sum(x, { axis: 1, keepDims: true });
    const r = sum(mul(y, exp(q)), { axis: 1 });
    expect(planOf(c, p, q, r).steps.map(({ label }) => label)).toEqual(["reshape", "exp", "reshape+reshape", "exp", "sum"]);
  });

  test("bias and activation become a matrix product's epilogue, over its own axes", () => {
    expect(textOf(planOf(relu(add(matmul(data(2, 3), data(3, 4)), data(4)))))).toMatchInlineSnapshot(`
      "
      matmul+relu: %0, %1 -> %3
        then over [1, 2, 4] larger(add(acc0, b0[0+1*i2]), 0) of %2
      %0 float32[2, 3] at 128 (constant)
      %1 float32[3, 4] at 0 (constant)
      %2 float32[4] at 192 (constant)
      %3 float32[2, 4] at 64 (relu)
      outputs %3; arena 256
      "
    `);
  });

  test("a convolution takes its bias by channel, through the reshape that follows", () => {
    expect(textOf(planOf(reshape(relu(conv2d(data(2, 3, 4, 4), data(5, 3, 3, 3), { bias: data(5) })), [2, 20])))).toMatchInlineSnapshot(`
      "
      conv2d+reshape: %0, %1 -> %3
        then over [2, 5, 4] larger(add(acc0, b0[0+1*i1]), 0) of %2
      %0 float32[2, 3, 4, 4] at 576 (constant)
      %1 float32[5, 3, 3, 3] at 0 (constant)
      %2 float32[5] at 1152 (constant)
      %3 float32[2, 20] at 960 (reshape)
      outputs %3; arena 1216
      "
    `);
  });

  test("a reduction takes the pointwise work behind it, and what it reads in front", () => {
    expect(textOf(planOf(tanh(mean(mul(data(3, 5), 2), { axis: 1 }))))).toMatchInlineSnapshot(`
      "
      tanh: over [3] reducing [5] of %0
        acc0 = sum mul(b0[0+5*i0+1*i1], 2)
        %1 = tanh(div(acc0, 5))
      %0 float32[3, 5] at 0 (constant)
      %1 float32[3] at 64 (tanh)
      outputs %1; arena 128
      "
    `);
  });

  test("where the epilogues of two products meet, one goes on and the other ends there", () => {
    const [a, b] = [data(2, 2), data(2, 2)];
    expect(textOf(planOf(tanh(tanh(add(neg(matmul(a, b)), tanh(matmul(b, a)))))))).toMatchInlineSnapshot(`
      "
      matmul+tanh: %1, %0 -> %2
        then over [1, 2, 2] tanh(acc0)
      matmul+tanh: %0, %1 -> %3
        then over [1, 2, 2] tanh(tanh(add(neg(acc0), b0[0+2*i1+1*i2]))) of %2
      %0 float32[2, 2] at 0 (constant)
      %1 float32[2, 2] at 64 (constant)
      %2 float32[2, 2] at 128 (tanh)
      %3 float32[2, 2] at 192 (tanh)
      outputs %3; arena 256
      "
    `);
  });

  test("a product's epilogue ends where values become another dtype", () => {
    const { steps } = planOf(cast(mul(matmul(data(8, 8), data(8, 8)), 100), "int8"));
    expect(steps.map(({ kind, label }) => `${kind} ${label}`)).toEqual(["library matmul+mul", "loop cast"]);
  });

  test("a product with two readers stays whole", () => {
    const y = matmul(data(2, 2), data(2, 2));
    expect(planOf(relu(y), neg(y)).steps.map(({ label }) => label)).toEqual(["matmul", "relu", "neg"]);
  });
});

describe("routines", () => {
  test("read stored values, and hand theirs to the steps behind them", () => {
    const a = data(4, 4);
    expect(textOf(planOf(mul(cholesky(add(a, 1)), 2)))).toMatchInlineSnapshot(`
      "
      add: over [16] of %0
        %1 = add(b0[0+1*i0], 1)
      cholesky: %1 -> %2
      mul: over [16] of %2
        %3 = mul(b0[0+1*i0], 2)
      %0 float32[4, 4] at 0 (constant)
      %1 float32[4, 4] at 64 (add)
      %2 float32[4, 4] at 0 (cholesky)
      %3 float32[4, 4] at 0 (mul)
      outputs %3; arena 128
      "
    `);
  });

  test("take halves between casts, even where library kernels take them", () => {
    const a = cast(data(4, 4), "float16");
    const program = readProgram([cholesky(a).value()], []);
    const { steps } = buildPlan(program, { alignment: 64, rowAlignment: 64, sideBySide: true, sweeping: null, takesHalves: true });
    expect(steps.map(({ kind, label }) => `${kind} ${label}`)).toMatchInlineSnapshot(`
      [
        "loop cast",
        "routine cholesky",
        "loop cast",
      ]
    `);
  });
});

describe("lower", () => {
  test("axes that every address steps through as one are merged", () => {
    expect(planOf(neg(data(2, 3, 4))).steps).toMatchObject([{ extents: [24] }]);
    expect(planOf(add(data(2, 3, 4), data(3, 4))).steps).toMatchObject([{ extents: [2, 12] }]);
    expect(planOf(add(data(2, 3, 4), data(2, 1, 4))).steps).toMatchObject([{ extents: [2, 3, 4] }]);
    expect(planOf(sum(data(2, 3, 4), { axis: [1, 2] })).steps).toMatchObject([{ extents: [2], reduce: [12] }]);
    expect(planOf(sum(data(2, 3, 4), { axis: [0, 2] })).steps).toMatchObject([{ extents: [3], reduce: [2, 4] }]);
  });

  test("reshapes compose into addresses and cost no kernel", () => {
    const x = data(4, 6);
    expect(planOf(neg(reshape(reshape(neg(reshape(x, [24])), [2, 3, 4]), [6, 4]))).steps).toMatchObject([{ extents: [24], reads: [0] }]);
  });

  test("a reshaped output is its base's buffer", () => {
    const y = exp(data(4, 6));
    const { steps, outputs } = planOf(y, reshape(y, [24]));
    expect(steps.length).toBe(1);
    expect(outputs[0]).toBe(outputs[1]);
  });

  test("an empty result needs no kernel", () => {
    expect(planOf(neg(data(0, 3))).steps).toEqual([]);
    expect(planOf(sum(data(0, 3), { axis: 0 })).steps).toMatchObject([{ extents: [3], reduce: [0] }]);
  });
});

describe("memory", () => {
  test("a value that dies at its only reader, element for element, is overwritten in place", () => {
    const x = data(16, 16);
    const y = matmul(x, x);
    const z = matmul(exp(add(sum(y, { axis: 0 }), y)), x);
    const { buffers } = planOf(z);
    const offsets = buffers.flatMap(({ place, label, shape }) =>
      place.kind === "arena" && shape.length === 2 ? [`${label} ${place.offset}`] : [],
    );
    expect(offsets).toMatchInlineSnapshot(`
      [
        "constant 0",
        "matmul 1024",
        "exp 1024",
        "matmul 2048",
      ]
    `);
  });

  test("a value of as many bytes but other elements is not", () => {
    const small = max(cast(data(64, 3), "int8"), { axis: 1 });
    const { steps, buffers } = planOf(matmul(reshape(cast(slice(small, [{ end: 16 }]), "float32"), [4, 4]), data(4, 4)));
    const narrow = steps.find((step) => step.kind === "loop" && buffers[step.reads[0] ?? -1]?.dtype === "int8" && step.extents[0] === 16);
    const [from, to] = narrow?.kind === "loop" ? [narrow.reads[0], narrow.writes[0]?.buffer].map((id) => buffers[id ?? -1]) : [];
    expect([from?.bytes, to?.bytes]).toEqual([64, 64]);
    expect(from?.place).not.toEqual(to?.place);
  });

  test("a long chain of products needs room for the input and two of them", () => {
    const x = data(16, 16);
    let y = x;
    for (let i = 0; i < 10; i++) y = matmul(y, x);
    expect(planOf(y).arenaBytes).toBe(3 * 16 * 16 * 4);
  });
});

describe("state", () => {
  test("an update that reads its own element is written in place", () => {
    const w = cell("w", 4);
    w.assign(sub(w, mul(data(4), 0.1)));
    expect(textOf(planOf())).toMatchInlineSnapshot(`
      "
      sub: over [4] of %0, %1
        %0 = sub(b0[0+1*i0], mul(b1[0+1*i0], 0.1))
      %0 float32[4] bound 0 (w)
      %1 float32[4] at 0 (constant)
      outputs ; arena 64
      "
    `);
  });

  test("momentum and parameter are one pass", () => {
    const [w, m, gradient] = [cell("w", 4), cell("m", 4), data(4)];
    m.assign(add(mul(m, 0.9), gradient));
    w.assign(sub(w, mul(m, 0.1)));
    expect(textOf(planOf())).toMatchInlineSnapshot(`
      "
      add+sub: over [4] of %0, %1, %2
        %0 = add(mul(b0[0+1*i0], 0.9), b1[0+1*i0])
        %2 = sub(b2[0+1*i0], mul(add(mul(b0[0+1*i0], 0.9), b1[0+1*i0]), 0.1))
      %0 float32[4] bound 0 (m)
      %1 float32[4] at 0 (constant)
      %2 float32[4] bound 1 (w)
      outputs ; arena 64
      "
    `);
  });

  test("what becomes the new value element by element is in the cell from the start", () => {
    const [w, x] = [cell("w", 4), data(4)];
    const powers = exp(x);
    w.assign(mul(powers, expand(reshape(sum(powers), [1]), [4])));
    expect(textOf(planOf())).toMatchInlineSnapshot(`
      "
      exp: over [4] of %0
        %2 = exp(b0[0+1*i0])
      reshape: over [] reducing [4] of %2
        acc0 = sum b0[0+1*i0]
        %3 = acc0
      mul: over [4] of %2, %3
        %1 = mul(b0[0+1*i0], b1[0])
      %0 float32[4] at 0 (constant)
      %1 float32[4] bound 0 (w)
      %2 float32[4] bound 0 (exp)
      %3 float32[1] at 0 (reshape)
      outputs ; arena 64
      "
    `);
  });

  test("what becomes the new value is not in the cell while something reads the old one", () => {
    const powers = exp(data(4));
    const v = cell("v", 4);
    v.assign(mul(powers, expand(reshape(sum(mul(powers, v)), [1]), [4])));
    expect(textOf(planOf())).toMatchInlineSnapshot(`
      "
      exp: over [4] of %0
        %2 = exp(b0[0+1*i0])
      reshape: over [] reducing [4] of %2, %1
        acc0 = sum mul(b0[0+1*i0], b1[0+1*i0])
        %3 = acc0
      mul: over [4] of %2, %3
        %1 = mul(b0[0+1*i0], b1[0])
      %0 float32[4] at 0 (constant)
      %1 float32[4] bound 0 (v)
      %2 float32[4] at 64 (exp)
      %3 float32[1] at 0 (reshape)
      outputs ; arena 128
      "
    `);
    const w = cell("w", 4);
    w.assign(add(mul(powers, expand(reshape(sum(powers), [1]), [4])), w));
    expect(textOf(planOf())).toMatchInlineSnapshot(`
      "
      exp: over [4] of %0
        %2 = exp(b0[0+1*i0])
      reshape: over [] reducing [4] of %2
        acc0 = sum b0[0+1*i0]
        %3 = acc0
      add: over [4] of %2, %3, %1
        %1 = add(mul(b0[0+1*i0], b1[0]), b2[0+1*i0])
      %0 float32[4] at 0 (constant)
      %1 float32[4] bound 0 (w)
      %2 float32[4] at 64 (exp)
      %3 float32[1] at 0 (reshape)
      outputs ; arena 128
      "
    `);
  });

  test("an update that reads other elements than it writes goes through a copy", () => {
    const w = cell("w", 2, 2);
    w.assign(matmul(w, w));
    expect(textOf(planOf())).toMatchInlineSnapshot(`
      "
      matmul: %0, %0 -> %1
      copy: over [4] of %1
        %0 = b0[0+1*i0]
      %0 float32[2, 2] bound 0 (w)
      %1 float32[2, 2] at 0 (matmul)
      outputs ; arena 64
      "
    `);
  });

  test("readers of the old value come before the kernel that overwrites it", () => {
    const w = cell("w", 4);
    const late = sum(mul(w, data(4)));
    w.assign(mul(w, 0.5));
    expect(planOf(late).steps.map(({ label }) => label)).toEqual(["sum", "mul"]);
  });

  test("where the reader of the old value needs the new one, the cell is written by a copy at the end", () => {
    const w = cell("w", 4);
    const old = w.value();
    w.assign(tanh(w));
    expect(textOf(planOf(sum(mul(old, expand(reshape(sum(w), [1]), [4])))))).toMatchInlineSnapshot(`
      "
      tanh: over [4] of %0
        %1 = tanh(b0[0+1*i0])
      reshape: over [] reducing [4] of %1
        acc0 = sum b0[0+1*i0]
        %2 = acc0
      sum: over [] reducing [4] of %0, %2
        acc0 = sum mul(b0[0+1*i0], b1[0])
        %3 = acc0
      copy: over [4] of %1
        %0 = b0[0+1*i0]
      %0 float32[4] bound 0 (w)
      %1 float32[4] at 0 (tanh)
      %2 float32[1] at 64 (reshape)
      %3 float32[] at 128 (sum)
      outputs %3; arena 192
      "
    `);
  });

  test("an old value that is an output is saved first", () => {
    const w = cell("w", 4);
    const old = w.value();
    w.assign(neg(w));
    expect(textOf(planOf(old))).toMatchInlineSnapshot(`
      "
      neg: over [4] of %0
        %1 = neg(b0[0+1*i0])
      copy: over [4] of %0
        %2 = b0[0+1*i0]
      copy: over [4] of %1
        %0 = b0[0+1*i0]
      %0 float32[4] bound 0 (w)
      %1 float32[4] at 0 (neg)
      %2 float32[4] at 64 (w, before the step)
      outputs %2; arena 128
      "
    `);
  });

  test("swapped cells go through saved copies", () => {
    const [a, b] = [cell("a", 2), cell("b", 2)];
    const [x, y] = [a.value(), b.value()];
    a.assign(y);
    b.assign(x);
    expect(textOf(planOf())).toMatchInlineSnapshot(`
      "
      copy: over [2] of %0
        %2 = b0[0+1*i0]
      copy: over [2] of %1
        %3 = b0[0+1*i0]
      copy: over [2] of %2
        %1 = b0[0+1*i0]
      copy: over [2] of %3
        %0 = b0[0+1*i0]
      %0 float32[2] bound 0 (b)
      %1 float32[2] bound 1 (a)
      %2 float32[2] at 0 (b, before the step)
      %3 float32[2] at 64 (a, before the step)
      outputs ; arena 128
      "
    `);
  });

  test("a cell assigned its own value costs nothing", () => {
    const a = cell("a", 2);
    a.assign(a.value());
    expect(planOf().steps).toEqual([]);
  });
});

describe("transposed operands", () => {
  test("are read where they lie", () => {
    const plan = planOf(matmul(permute(data(3, 2), [1, 0]), permute(data(4, 3), [1, 0])));
    expect(plan.steps.map((step) => (step.kind === "library" ? [step.label, step.call.attrs] : step.label))).toEqual([
      ["matmul", { transposeA: true, transposeB: true }],
    ]);
  });

  test("are untransposed where the call transposes them again", () => {
    const plan = planOf(matmul(data(2, 3), permute(data(5, 3, 4), [0, 2, 1]), { transposeB: true }));
    expect(plan.steps.map((step) => (step.kind === "library" ? [step.label, step.call.attrs] : step.label))).toEqual([
      ["matmul", { transposeA: false, transposeB: false }],
    ]);
  });

  test("are copied where other axes move too", () => {
    expect(planOf(matmul(data(3, 2, 4), permute(data(4, 3, 5), [1, 0, 2]))).steps.map(({ label }) => label)).toEqual(["permute", "matmul"]);
  });
});

describe("pieces and runs", () => {
  const steps = 10;
  /** Running sums of rows of 16 floats, which is what the arena is aligned to. */
  const running = (x: Tensor): readonly Tensor[] => {
    const states = [data(16)];
    for (let t = 0; t < steps; t++) states.push(tanh(add(states[t] ?? x, select(x, 0, t))));
    return states;
  };

  test("the pieces of a long join are computed where they end up, and runs are read where they lie", () => {
    const x = data(steps, 16);
    const plan = planOf(stack(running(x).slice(1)));
    expect(plan.steps.map(({ label }) => label)).toEqual(Array.from({ length: steps }, () => "tanh"));
    const [output = -1] = plan.outputs;
    const written = plan.steps.map((step) => (step.kind === "loop" ? plan.buffers[step.writes[0]?.buffer ?? -1]?.part : undefined));
    expect(written).toEqual(Array.from({ length: steps }, (_, t) => ({ of: output, first: 16 * t })));
    // Whatever step it is, its kernel is the same program.
    const programs = new Set(plan.steps.map((step) => (step.kind === "loop" ? printScalar(step.writes[0]!.value) : "")));
    expect(programs).toEqual(new Set(["tanh(add(b0[0+1*i0], b1[0+1*i0]))"]));
    const offsets = plan.buffers.flatMap(({ place, part }) => (part?.of === output && place.kind === "arena" ? [place.offset] : []));
    const { place } = plan.buffers[output]!;
    expect(offsets.map((offset) => offset - (place.kind === "arena" ? place.offset : 0))).toEqual(
      Array.from({ length: steps }, (_, t) => 64 * t),
    );
  });

  test("a piece of two joins, or from outside, is copied into the second", () => {
    const states = running(data(steps, 16));
    const labels = planOf(stack(states.slice(1)), stack(states.slice(0, -1))).steps.map(({ label }) => label);
    expect(labels.filter((label) => label === "copy")).toHaveLength(steps);
    expect(labels.filter((label) => label === "tanh")).toHaveLength(steps);
  });

  test("a cheap value that is read in many runs is stored, so that one kernel reads them all", () => {
    const plan = planOf(stack(running(mul(data(steps, 16), 2)).slice(1)));
    expect(plan.steps.map(({ label }) => label)).toEqual(["mul", ...Array.from({ length: steps }, () => "tanh")]);
  });

  test("runs of a cell's new value, whose memory is not the plan's to place, are read at their places in it", () => {
    const w = cell("w", steps, 16);
    w.assign(tanh(data(steps, 16)));
    const plan = planOf(stack(running(w).slice(1)));
    const bound = plan.buffers.flatMap(({ place }, id) => (place.kind === "bound" ? [id] : []));
    expect(plan.buffers.filter(({ part }) => part !== undefined && bound.includes(part.of))).toEqual([]);
  });

  test("a short join is one kernel, and one whose pieces are not aligned", () => {
    expect(planOf(stack(running(data(steps, 16)).slice(1, 4))).steps.at(-1)?.label).toBe("concat");
    const odd = Array.from({ length: steps }, () => tanh(data(15)));
    expect(planOf(stack(odd)).steps.at(-1)?.label).toBe("concat");
  });

  test("a join that is a cell's new value is computed in one kernel, and a piece that is one is copied", () => {
    const [whole, last] = [cell("whole", steps, 16), cell("last", 16)];
    const states = running(data(steps, 16));
    whole.assign(stack(states.slice(1)));
    expect(planOf().steps.some(({ label }) => label.includes("concat"))).toBe(true);
    last.assign(states.at(-1) ?? last);
    expect(planOf(stack(states.slice(1))).steps.filter(({ label }) => label === "copy")).toHaveLength(1);
  });
});
