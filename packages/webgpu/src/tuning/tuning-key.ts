import type { LibraryStep, Plan } from "@gradus/compile";
import type { Scalar } from "@gradus/tensor";
import type { CandidateList } from "./choose.ts";

/**
 * What steps have in common that are tuned together: the op and its attributes, its shapes to about a quarter, the kind of its
 * epilogue, and the candidates by name, so that a choice is forgotten when they change.
 */
export function tuningKey(step: LibraryStep, candidates: CandidateList, plan: Plan): string {
  const shapes = [...step.reads, step.write].map((id) => {
    const buffer = plan.buffers[id];
    return buffer === undefined ? "" : `${buffer.dtype}[${buffer.shape.map(bucket).join(",")}]`;
  });
  const { attrs } = step.call;
  return [step.op, attributes(attrs), shapes.join(" "), epilogueClass(step), checksum(candidates.map(({ name }) => name).join("\n"))].join(
    "|",
  );
}

/** Sizes up to 16 as they are, larger ones rounded up to three binary digits. */
export function bucket(extent: number): number {
  if (extent <= 16) return extent;
  const unit = 2 ** (Math.floor(Math.log2(extent)) - 2);
  return Math.ceil(extent / unit) * unit;
}

/** Attributes but for shapes, which follow from the operands'. */
function attributes(attrs: LibraryStep["call"]["attrs"]): string {
  return Object.entries(attrs)
    .filter(([name]) => !name.endsWith("Shape"))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(",");
}

/** Nothing, something short, or long, and how many buffers it reads. */
function epilogueClass({ epilogue }: LibraryStep): string {
  if (epilogue === null) return "";
  return `${callsOf(epilogue.value) > 4 ? "long" : "short"}${epilogue.reads.length}`;
}

function callsOf(scalar: Scalar): number {
  const seen = new Set<Scalar>();
  const visit = (each: Scalar): void => {
    if (each.kind !== "call" || seen.has(each)) return;
    seen.add(each);
    each.args.forEach(visit);
  };
  visit(scalar);
  return seen.size;
}

/** FNV-1a, in hexadecimal. */
export function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
