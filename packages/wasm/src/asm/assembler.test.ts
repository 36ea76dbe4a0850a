import { describe, expect, it } from "vitest";
import { ByteWriter } from "./bytes.ts";
import { AssemblerError, type FunctionBuilder, type Local, ModuleBuilder, type ValueType } from "./index.ts";

function run<R extends ValueType>(result: R, emit: (f: FunctionBuilder) => void): number | bigint {
  const module = new ModuleBuilder();
  module.importMemory({ initial: 1, maximum: 1 });
  module.function("main", { parameters: [], result, export: "main" }, emit);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.build()), { env: { memory } });
  const main = exports["main"];
  if (typeof main !== "function") throw new Error("no main");
  return main();
}

function refusal(emit: (f: FunctionBuilder, x: Local<"i32">, y: Local<"f32">) => void): string {
  try {
    new ModuleBuilder().function("bad", { parameters: ["i32", "f32"] }, emit);
  } catch (error) {
    if (error instanceof AssemblerError) return error.sentence;
    throw error;
  }
  return "accepted";
}

describe("LEB128", () => {
  const bytes = (write: (out: ByteWriter) => void) => {
    const out = new ByteWriter();
    write(out);
    return [...out.finish()];
  };
  it("writes unsigned edges", () => {
    expect(bytes((o) => o.u32(0))).toEqual([0]);
    expect(bytes((o) => o.u32(127))).toEqual([0x7f]);
    expect(bytes((o) => o.u32(128))).toEqual([0x80, 0x01]);
    expect(bytes((o) => o.u32(624_485))).toEqual([0xe5, 0x8e, 0x26]);
    expect(bytes((o) => o.u32(2 ** 32 - 1))).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
  });
  it("writes signed edges", () => {
    expect(bytes((o) => o.s32(63))).toEqual([0x3f]);
    expect(bytes((o) => o.s32(64))).toEqual([0xc0, 0x00]);
    expect(bytes((o) => o.s32(-64))).toEqual([0x40]);
    expect(bytes((o) => o.s32(-65))).toEqual([0xbf, 0x7f]);
    expect(bytes((o) => o.s32(-(2 ** 31)))).toEqual([0x80, 0x80, 0x80, 0x80, 0x78]);
    expect(bytes((o) => o.s64(-(2n ** 63n)))).toEqual([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f]);
  });
  it.each([0, 1, -1, 63, 64, -64, -65, 8191, 8192, -8192, -8193, 2 ** 31 - 1, -(2 ** 31)])(
    "round-trips the constant %i through the engine",
    (value) => {
      expect(run("i32", (f) => f.i32.const(value))).toBe(value);
      expect(run("i64", (f) => f.i64.const(BigInt(value) * 4_294_967_295n))).toBe(BigInt(value) * 4_294_967_295n);
    },
  );
  it("takes an i32 constant in either signedness", () => expect(run("i32", (f) => f.i32.const(2 ** 32 - 1))).toBe(-1));
});

describe("emission", () => {
  it("takes operands from the stack when they are not given, in order", () => {
    expect(
      run("i32", (f) => {
        f.i32.const(7);
        f.i32.sub(3);
        f.i32.sub(10, () => f.i32.mul(2, 3));
        f.i32.sub();
      }),
    ).toBe(0);
  });

  it("counts loops", () => {
    const triangle = (from: number, to: number, step: number, known: boolean) =>
      run("i32", (f) => {
        const sum = f.local("i32", 0);
        const end = known ? to : f.local("i32", to);
        const i = f.local("i32");
        f.for(i, from, end, step, () => f.set(sum, () => f.i32.add(sum, i)));
        f.get(sum);
      });
    for (const known of [true, false])
      for (const [from, to, step] of [
        [0, 10, 1],
        [0, 10, 3],
        [2, 3, 1],
        [5, 5, 1],
        [7, 2, 1],
        [0, 9, 3],
        [-4, 4, 2],
      ] as const) {
        let sum = 0;
        for (let i = from; i < to; i += step) sum += i;
        expect(triangle(from, to, step, known), `${from} ${to} ${step} ${known}`).toBe(sum);
      }
  });

  it("keeps vector constants as globals, one for equal bytes", () => {
    const module = new ModuleBuilder();
    const bytes = Uint8Array.from({ length: 16 }, (_, i) => i * 17);
    const constant = module.constant(bytes);
    expect(module.constant(bytes.slice())).toBe(constant);
    expect(module.constant(new Uint8Array(16))).not.toBe(constant);
    expect(() => module.constant(new Uint8Array(4))).toThrow("a vector constant has 16 bytes, not 4");
    bytes.fill(0);
    module.function("word", { parameters: [], result: "i32", export: "word" }, (f) => f.i32x4.extract_lane(3, () => f.globalGet(constant)));
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.build()));
    const { word } = exports;
    expect(typeof word === "function" && word()).toBe(0xffeeddcc | 0);
  });

  it("branches, chooses and calls", () => {
    const module = new ModuleBuilder();
    const log: number[] = [];
    const print = module.importFunction("host", "print", ["i32", "f32"]);
    const counter = module.global("counter", 40, { export: "counter" });
    const double = module.function("double", { parameters: ["i32"], result: "i32" }, (f, x) => f.i32.mul(x, 2));
    module.function("main", { parameters: ["i32"], result: "f32", export: "main" }, (f, x) => {
      f.globalSet(counter, () =>
        f.i32.add(
          () => f.globalGet(counter),
          () => f.call(double, x),
        ),
      );
      f.call(print, () => f.globalGet(counter), 1.5);
      f.block((out) => {
        f.f32.const(1);
        f.brIf(out, x);
        f.drop();
        f.if(
          () => f.i32.eqz(x),
          () => f.return(2),
          () => f.unreachable(),
          "f32",
        );
      }, "f32");
      f.block((out) => {
        // A branch discards what is below; what follows it cannot run and fits any type.
        f.i32.const(5);
        f.i32.const(6);
        f.br(out);
        f.f32x4.add();
        f.drop();
      });
      f.select("f32", () => f.f32.const(9), 8, x);
      f.f32.add();
    });
    const bytes = module.build();
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
      host: { print: (a: number, b: number) => log.push(a, b) },
    });
    const main = exports["main"] as (x: number) => number;
    expect(main(1)).toBe(10);
    expect(main(0)).toBe(2);
    expect(log).toEqual([42, 1.5, 42, 1.5]);
  });

  it("gives a freed slot to the next local of its type", () => {
    new ModuleBuilder().function("reuse", { parameters: [] }, (f) => {
      const a = f.local("v128");
      const b = f.local("f32");
      f.free(a);
      expect(f.local("v128").index).toBe(a.index);
      expect(f.local("v128").index).toBe(b.index + 1);
      {
        using scoped = f.local("i64");
        expect(scoped.index).toBe(3);
      }
      expect(f.local("i64").index).toBe(3);
    });
  });

  it("names the instruction, the expected and the found type", () => {
    expect(refusal((f, x, y) => f.i32.add(x, () => f.get(y)))).toBe("i32.add expects i32, found f32");
    expect(refusal((f, x) => f.set(x, () => {}))).toBe("local.set has an operand whose code must leave one i32, it left 0 values");
    expect(refusal((f, x) => f.call({ index: 0, name: "g", parameters: ["f32"], result: null }, () => f.get(x)))).toBe(
      "call g expects f32, found i32",
    );
    expect(
      refusal((f, x, y) => {
        f.get(x);
        f.get(y);
        f.i32.add();
      }),
    ).toBe("i32.add expects i32, found f32");
    expect(refusal((f) => f.f32x4.mul())).toBe("f32x4.mul expects v128, found nothing");
    expect(refusal((f) => f.i32.const(1))).toBe("end of function expects an empty stack, found i32");
    expect(
      refusal((f) => {
        f.i32.const(1);
        f.block(() => f.drop());
        f.drop();
      }),
    ).toBe("drop expects a value, found nothing");
    expect(refusal((f, x) => f.if(x, () => f.i32.const(1), undefined, "i32"))).toBe("if with a i32 result needs both bodies");
    expect(refusal((f) => f.i32.const(0.5))).toBe("i32.const expects a whole constant from -2147483648 to 4294967295, found 0.5");
    expect(refusal((f, x) => f.v128.load(-1, x))).toBe("v128.load expects a whole offset from 0 to 4294967295, found -1");
    expect(refusal((f, x) => f.i32.atomic_load({ offset: 0, align: 1 }, x))).toBe(
      "i32.atomic_load expects an alignment that divides 4, found 1",
    );
    expect(refusal((f, _, y) => f.f32x4.extract_lane(4, () => f.f32x4.splat(y)))).toBe(
      "f32x4.extract_lane expects a whole lane from 0 to 3, found 4",
    );
    expect(
      refusal((f, x) => {
        f.free(x);
        f.get(x);
      }),
    ).toBe("local.get names i32 local 0 after it was freed");
    expect(
      refusal((f, x) => {
        let inner: Parameters<Parameters<FunctionBuilder["block"]>[0]>[0] | undefined;
        f.block((label) => {
          inner = label;
        });
        if (inner) f.brIf(inner, x);
      }),
    ).toBe("br_if to a block that is not around it");
    expect(refusal((f) => f.for(f.local("i32"), 0, 4, 0, () => {}))).toBe("a counted loop needs a positive whole step, not 0");
  });

  it("rejects imports after a definition", () => {
    const module = new ModuleBuilder();
    module.function("first", { parameters: [] }, () => {});
    expect(() => module.importFunction("host", "late", [])).toThrow(AssemblerError);
  });
});

describe("instructions do what JavaScript does", () => {
  const fround = Math.fround;
  const pairs = [
    [3, 4],
    [-7, 2],
    [1.5, -0.25],
    [1e10, 3],
    [-0, 0],
  ] as const;
  const binary: Record<string, (a: number, b: number) => number> = {
    add: (a, b) => fround(fround(a) + fround(b)),
    sub: (a, b) => fround(fround(a) - fround(b)),
    mul: (a, b) => fround(fround(a) * fround(b)),
    div: (a, b) => fround(fround(a) / fround(b)),
    min: (a, b) => Math.min(fround(a), fround(b)),
    max: (a, b) => Math.max(fround(a), fround(b)),
  };
  it.each(Object.keys(binary))("f32 and f32x4 %s", (name) => {
    const expected = binary[name];
    for (const [a, b] of pairs) {
      const method = name as "add";
      expect(run("f32", (f) => f.f32[method](a, b))).toBe(expected?.(a, b));
      expect(
        run("f32", (f) =>
          f.f32x4.extract_lane(2, () =>
            f.f32x4[method](
              () => f.f32x4.splat(a),
              () => f.f32x4.splat(b),
            ),
          ),
        ),
      ).toBe(expected?.(a, b));
    }
  });

  const integer: Record<string, (a: number, b: number) => number> = {
    add: (a, b) => (a + b) | 0,
    sub: (a, b) => (a - b) | 0,
    mul: Math.imul,
    and: (a, b) => a & b,
    or: (a, b) => a | b,
    xor: (a, b) => a ^ b,
    shl: (a, b) => a << b,
    shr_s: (a, b) => a >> b,
    shr_u: (a, b) => (a >>> b) | 0,
    div_s: (a, b) => (a / b) | 0,
    rem_s: (a, b) => (a % b) | 0,
    lt_s: (a, b) => Number(a < b),
    lt_u: (a, b) => Number(a >>> 0 < b >>> 0),
    ge_s: (a, b) => Number(a >= b),
    eq: (a, b) => Number(a === b),
  };
  it.each(Object.keys(integer))("i32 %s", (name) => {
    for (const [a, b] of [
      [7, 3],
      [-7, 3],
      [2 ** 31 - 1, 31],
      [-1, 5],
    ] as const)
      expect(run("i32", (f) => f.i32[name as "add"](a, b))).toBe(integer[name]?.(a, b));
  });

  it("rounds", () => {
    for (const x of [2.5, -2.5, 0.4, -1.7]) {
      expect(run("f32", (f) => f.f32.floor(x))).toBe(Math.floor(fround(x)));
      expect(run("f32", (f) => f.f32.ceil(x))).toBe(Math.ceil(fround(x)));
      expect(run("f32", (f) => f.f32.trunc(x))).toBe(Math.trunc(fround(x)));
      expect(run("i32", (f) => f.i32x4.extract_lane(0, () => f.i32x4.trunc_sat_f32x4_s(() => f.f32x4.splat(x))))).toBe(
        Math.trunc(fround(x)),
      );
      for (const lane of [0, 3]) {
        expect(run("f32", (f) => f.f32x4.extract_lane(lane, () => f.f32x4.floor(() => f.f32x4.splat(x))))).toBe(Math.floor(fround(x)));
        expect(run("f32", (f) => f.f32x4.extract_lane(lane, () => f.f32x4.ceil(() => f.f32x4.splat(x))))).toBe(Math.ceil(fround(x)));
      }
    }
    expect(run("f32", (f) => f.f32x4.extract_lane(0, () => f.f32x4.nearest(() => f.f32x4.splat(2.5))))).toBe(2);
    expect(run("f32", (f) => f.f32x4.extract_lane(0, () => f.f32x4.sqrt(() => f.f32x4.splat(2))))).toBe(fround(Math.SQRT2));
  });

  it("fuses or rounds multiply-add, and selects lanes", () => {
    expect(
      run("f32", (f) =>
        f.f32x4.extract_lane(1, () =>
          f.f32x4.relaxed_madd(
            () => f.f32x4.splat(3),
            () => f.f32x4.splat(4),
            () => f.f32x4.splat(5),
          ),
        ),
      ),
    ).toBe(17);
    expect(
      run("f32", (f) =>
        f.f32x4.extract_lane(1, () =>
          f.f32x4.relaxed_nmadd(
            () => f.f32x4.splat(3),
            () => f.f32x4.splat(4),
            () => f.f32x4.splat(5),
          ),
        ),
      ),
    ).toBe(-7);
    for (const select of ["v128.bitselect", "i32x4.relaxed_laneselect"])
      expect(
        run("i32", (f) => {
          f.i32x4.splat(1);
          f.i32x4.splat(2);
          f.i32x4.lt_s(
            () => f.i32x4.splat(4),
            () => f.i32x4.splat(5),
          );
          if (select === "v128.bitselect") f.v128.bitselect();
          else f.i32x4.relaxed_laneselect();
          f.i32x4.extract_lane(3);
        }),
      ).toBe(1);
  });

  it("moves lanes and memory", () => {
    expect(
      run("i32", (f) => {
        f.i32.store(16, 0, 0x04030201);
        f.memory.fill(32, 0xff, 4);
        f.memory.copy(40, 16, 4);
        f.v128.store(64, 0, () => f.i16x8.extend_low_i8x16_u(() => f.v128.load32_zero(40, 0)));
        f.i32x4.extend_low_i16x8_u(() => f.v128.load(64, 0));
        f.i32x4.extract_lane(2);
      }),
    ).toBe(3);
    expect(
      run("i32", (f) => {
        f.i32.store(16, 0, 0x00fe0000);
        f.v128.store(64, 0, () => f.i16x8.extend_low_i8x16_s(() => f.v128.load32_zero(16, 0)));
        f.i32x4.extend_low_i16x8_s(() => f.v128.load(64, 0));
        f.i32x4.extract_lane(2);
        f.i32.mul(() => f.i32.load8_s(18, 0));
      }),
    ).toBe(4);
    expect(
      run("i32", (f) => {
        f.i32x4.splat(11);
        f.i32x4.replace_lane(2, 22);
        f.i32x4.splat(33);
        f.i8x16.shuffle([8, 9, 10, 11, 16, 17, 18, 19, 0, 1, 2, 3, 4, 5, 6, 7]);
        f.i32x4.extract_lane(0);
      }),
    ).toBe(22);
    expect(
      run("f32", (f) => {
        f.f32.store(8, 0, 2.5);
        f.v128.store32_lane(20, 1, 0, () => f.v128.load32_splat(8, 0));
        f.f32x4.extract_lane(3, () => f.v128.load32_lane(20, 3, 0, () => f.f32x4.splat(0)));
      }),
    ).toBe(2.5);
    expect(
      run("i32", (f) => f.i32x4.bitmask(() => f.v128.const(new Uint8Array([0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0])))),
    ).toBe(5);
  });

  it("does atomics", () => {
    expect(
      run("i32", (f) => {
        f.i32.atomic_store(4, 0, 5);
        f.i32.atomic_rmw_add(4, 0, 7);
        f.i32.add(() => f.i32.atomic_rmw_cmpxchg(4, 0, 12, 100));
        f.i32.add(() => f.i32.atomic_load(4, 0));
        f.i32.add(() => f.memory.atomic_notify(4, 0, 1));
        f.i32.add(() => f.memory.atomic_wait32(4, 0, 99, -1n));
      }),
    ).toBe(5 + 12 + 100 + 0 + 1);
  });
});
