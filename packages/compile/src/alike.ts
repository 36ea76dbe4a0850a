import { avalKey } from "./alone.ts";
import type { Node } from "./canonical.ts";
import { bufferNode, type Group } from "./group.ts";
import { FusionMiss, lowerLoop, type LoweredLoop } from "./lower.ts";

/** Lowers groups, those that are alike once: a recurrence has the same few at every step. */
export class LoopLowering {
  readonly #stored: ReadonlySet<Node>;
  readonly #known = new Map<string, { readonly inputs: readonly Node[]; readonly loop: LoweredLoop | null }>();

  constructor(stored: ReadonlySet<Node>) {
    this.#stored = stored;
  }

  /** @throws FusionMiss if a fused value is read at another element than its own. */
  lower(group: Group): LoweredLoop {
    const { key, inputs } = signatureOf(group, this.#stored);
    const known = this.#known.get(key);
    if (known === undefined) {
      try {
        const loop = lowerLoop(group, this.#stored);
        this.#known.set(key, { inputs, loop });
        return loop;
      } catch (error) {
        if (error instanceof FusionMiss) this.#known.set(key, { inputs, loop: null });
        throw error;
      }
    }
    if (known.loop === null) throw new FusionMiss();
    const own = (input: Node): Node => {
      const node = inputs[known.inputs.indexOf(input)];
      if (node === undefined) throw new RangeError("groups that are alike read as many values");
      return node;
    };
    return { ...known.loop, reads: known.loop.reads.map(own), elementwise: new Set([...known.loop.elementwise].map(own)) };
  }
}

interface Signature {
  readonly key: string;
  /** What is read from memory, in the order met. */
  readonly inputs: readonly Node[];
}

/** A group's ops, attributes, shapes, dtypes and how they hang together, whichever values it reads. */
function signatureOf({ stores, producers }: Group, stored: ReadonlySet<Node>): Signature {
  const inside = [...stores, ...producers.flatMap((producer) => producer ?? [])];
  const inputs: Node[] = [];
  const numbers = new Map<Node, number>();
  const words: string[] = [];
  const visit = (node: Node): void => {
    const number = numbers.get(node);
    if (number !== undefined) return void words.push(`#${number}`);
    numbers.set(node, numbers.size);
    const { source } = node.tensor;
    words.push(`${node.op?.id ?? 0},${source.kind === "op" ? source.attrsId : 0},${avalKey(node.tensor)}(`);
    for (const parent of node.parents) read(parent);
    words.push(")");
  };
  const read = (node: Node): void => {
    const holder = stored.has(node) ? bufferNode(node, stored) : node;
    const within = inside.indexOf(holder);
    if (within < 0 && !stored.has(holder)) return visit(node);
    let input = within < 0 ? inputs.indexOf(holder) : within;
    if (within < 0 && input < 0) input = inputs.push(holder) - 1;
    words.push(`${within < 0 ? "read" : "own"}${input}${avalKey(node.tensor)}`);
  };
  for (const [i, store] of stores.entries()) {
    const producer = producers[i] ?? null;
    visit(store);
    if (producer !== null) visit(producer);
    words.push(producer === null ? ";" : ";;");
  }
  return { key: words.join(" "), inputs };
}
