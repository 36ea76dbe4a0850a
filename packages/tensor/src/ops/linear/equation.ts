import { ArgumentError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";

/** What an equation of `einsum` says: a label for each axis, with axes under `...` called ".0" for the last, ".1" before it. */
interface Equation {
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
  readonly extents: ReadonlyMap<string, number>;
}

/**
 * Reads an equation for given operands.
 *
 * @throws ArgumentError if it cannot be read or does not fit them.
 * @internal
 */
export function parseEquation(equation: string, operands: readonly Tensor[]): Equation {
  const refuse = (sentence: string): never => {
    throw new ArgumentError("argument/einsum", sentence, {
      subject: "einsum",
      facts: { equation, operands: operands.map(String).join(", ") },
    });
  };
  const [left = "", right, ...more] = equation.replaceAll(" ", "").split("->");
  const terms = left.split(",");
  if (more.length > 0 || ![...terms, right ?? ""].every((term) => /^[A-Za-z]*(\.\.\.)?[A-Za-z]*$/.test(term)))
    refuse("an equation has letters, one ... an operand, commas, and one ->");
  if (terms.length !== operands.length) refuse(`the equation is about ${terms.length} operands, and there are ${operands.length}`);

  const inputs = terms.map((term, i) => {
    const rank = operands[i]?.rank ?? 0;
    const named = term.replace("...", "").length;
    if (term.includes("...") ? named > rank : named !== rank) refuse(`"${term}" does not label ${rank} axes`);
    return labelled(term, rank - named);
  });
  const extents = new Map<string, number>();
  inputs.forEach((labels, i) => {
    labels.forEach((label, axis) => {
      const extent = operands[i]?.shape[axis] ?? 1;
      const known = extents.get(label) ?? 1;
      if (known !== 1 && extent !== 1 && known !== extent) refuse(`${label} is ${known} in one place and ${extent} in another`);
      extents.set(label, known === 1 ? extent : known);
    });
  });
  const dots = Math.max(0, ...inputs.map((labels) => labels.filter(isDots).length));
  const output = right === undefined ? implied(inputs.flat(), dots) : labelled(right, dots);
  const wrong = output.find((label, i) => !extents.has(label) || output.indexOf(label) !== i);
  if (wrong !== undefined) refuse(`the output names ${wrong} twice, or no operand has it`);
  return { inputs, output, extents };
}

function labelled(term: string, dots: number): string[] {
  return term.split("...").flatMap((letters, i) => [...(i === 0 ? [] : dotLabels(dots)), ...letters.split("")]);
}

function implied(labels: readonly string[], dots: number): string[] {
  const once = labels.filter((label) => !isDots(label) && labels.indexOf(label) === labels.lastIndexOf(label));
  return [...dotLabels(dots), ...once.sort()];
}

function dotLabels(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `.${count - 1 - i}`);
}

function isDots(label: string): boolean {
  return label.startsWith(".");
}
