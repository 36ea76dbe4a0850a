import type { AnyOp, CaseInput, Shape } from "@gradus/tensor";
import type { ErasedCase } from "./case.ts";

/** A case with halves wherever it has float32: what an op that takes floating point does with them. Null if it has none. */
export function inHalves<C extends ErasedCase>({ inputs }: AnyOp, each: C): C | null {
  let any = false;
  const halved = (input: CaseInput): CaseInput => {
    const described = isShape(input) ? { shape: input } : input;
    if ((described.dtype ?? "float32") !== "float32") return input;
    any = true;
    return { ...described, dtype: "float16" };
  };
  const x = Object.fromEntries(
    Object.entries(each.x).map(([slot, input]) => {
      if (input === null) return [slot, null];
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a list is a shape or several inputs, and the slot says which
      return [slot, inputs[slot] === "many" ? (input as readonly CaseInput[]).map(halved) : halved(input as CaseInput)];
    }),
  );
  return any ? { ...each, x } : null;
}

function isShape(input: CaseInput): input is Shape {
  return Array.isArray(input);
}
