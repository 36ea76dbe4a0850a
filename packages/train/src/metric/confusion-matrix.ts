import { ArgumentError, argmax, cast, equal, matmul, mul, reshape } from "@gradus/tensor";
import { classes, classesOf } from "./classes.ts";
import { addSums, type Metric } from "./metric.ts";

/** How often each class (row) was taken for each class (column), for a model of `count` classes. */
export function confusionMatrix(count: number): Metric<readonly (readonly number[])[]> {
  return {
    name: "confusion",
    init: () => new Array<number>(count * count).fill(0),
    update(scored) {
      const { output, label, count: found } = classesOf("confusion", scored);
      if (found !== count) {
        throw new ArgumentError("metric/classes", `the matrix has ${count} classes and the model ${found}`, { subject: "confusionMatrix" });
      }
      const index = classes(count);
      const actual = cast(equal(index, reshape(label, [-1, 1])), "float32");
      const predicted = cast(equal(index, reshape(argmax(output, { axis: 1 }), [-1, 1])), "float32");
      return [matmul(mul(actual, reshape(scored.weight, [-1, 1])), predicted, { transposeA: true })];
    },
    merge: addSums,
    compute: (sums) => Array.from({ length: count }, (_, row) => sums.slice(row * count, (row + 1) * count)),
  };
}
