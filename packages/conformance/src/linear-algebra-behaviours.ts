import type { Engine } from "@gradus/compile";
import {
  add,
  cholesky,
  concat,
  det,
  diagonalEmbed,
  eigh,
  eye,
  fromHost,
  inverse,
  matmul,
  mul,
  neg,
  NumericError,
  ones,
  qr,
  type Shape,
  sizeOf,
  slogdet,
  solve,
  stack,
  svd,
  type Tensor,
  transpose,
  zeros,
} from "@gradus/tensor";
import type { Behaviour } from "./behaviours.ts";
import { uniform } from "./random.ts";
import { disagreement } from "./tolerance.ts";

/** What factors and solutions must satisfy, whatever their values: sizes that fill a workgroup, and matrices that are hard. */
export const linearAlgebraBehaviours: readonly Behaviour[] = [
  {
    name: "factors of matrices give the matrices again, many at once",
    async check(engine) {
      const claims: Claim[] = [];
      for (const [seed, shape] of (
        [
          [3, 40, 27],
          [27, 40],
          [70, 70],
        ] as const
      ).entries()) {
        const a = drawn(shape, seed);
        claims.push(...singularClaims(a), ...orthogonalClaims(a));
      }
      for (const [seed, n] of [9, 66].entries()) {
        const a = drawn([2, n, n], 10 + seed);
        const definite = add(mul(matmul(a, a, { transposeB: true }), 1 / n), eye(n));
        const lower = cholesky(definite);
        const dominant = add(a, mul(eye(n), n));
        const b = drawn([2, n, 3], 20 + seed);
        claims.push(
          ...spectralClaims(add(a, transpose(a))),
          { name: "l lᵀ", got: matmul(lower, lower, { transposeB: true }), want: definite },
          { name: "a x", got: matmul(dominant, solve(dominant, b)), want: b },
          { name: "a⁻¹ a", got: matmul(inverse(dominant), dominant), want: identities([2, n, n]) },
        );
      }
      await hold(engine, claims);
    },
  },
  {
    name: "matrices without full rank, and equal singular values or eigenvalues, have factors at right angles",
    async check(engine) {
      const twice = concat([drawn([6, 2], 1), drawn([6, 2], 1)], { axis: 1 });
      const square = stack([zeros([5, 5]), ones([5, 5]), eye(5), neg(eye(5)), mul(eye(5), 1e-12)]);
      const claims = [twice, transpose(twice), square].flatMap((a) => [...singularClaims(a), ...orthogonalClaims(a)]);
      claims.push(...spectralClaims(square));
      const values = [0, 0, 0, 0, 0, 5, 0, 0, 0, 0, ...Array.from({ length: 10 }, () => 1), ...Array.from({ length: 5 }, () => 1e-12)];
      claims.push({ name: "singular values", got: svd(square).s, want: fromHost([5, 5], "float32", Float32Array.from(values)) });
      claims.push({ name: "det of a singular matrix", got: det(ones([5, 5])), want: zeros([]) });
      await hold(engine, claims);
    },
  },
  {
    name: "what has no factor or solution gives no finite one, and what is NaN stays so",
    async check(engine) {
      const broken = fromHost([3, 3], "float32", Float32Array.of(2, 0, 1, 0, Number.NaN, 0, 1, 0, 3));
      const singular = ones([3, 3]);
      const { sign, logabsdet } = slogdet(singular);
      const results = {
        "cholesky of an indefinite matrix": cholesky(neg(eye(3))),
        "solution of a singular system": solve(singular, drawn([3, 1], 3)),
        "inverse of a singular matrix": inverse(singular),
        "logabsdet of a singular matrix": logabsdet,
        "cholesky of NaN": cholesky(broken),
        "solution with NaN": solve(broken, drawn([3, 1], 3)),
        "det of NaN": det(broken),
        "q of NaN": qr(broken).q,
        "s of NaN": svd(broken).s,
        "eigenvalues of NaN": eigh(broken).eigenvalues,
      };
      await engine.evaluate([...Object.values(results), sign]);
      for (const [name, result] of Object.entries(results)) {
        const values = await result.data();
        if (values.every((value) => Number.isFinite(value)))
          throw new NumericError("behaviour/finite", `${name} is [${values.join(", ")}]`);
      }
      await hold(engine, [{ name: "sign of a singular matrix", got: sign, want: zeros([]) }]);
    },
  },
];

/** Two tensors that are one. */
interface Claim {
  readonly name: string;
  readonly got: Tensor;
  readonly want: Tensor;
}

function singularClaims(a: Tensor): Claim[] {
  const { u, s, vh } = svd(a);
  return [
    { name: `u s vh of ${String(a)}`, got: matmul(matmul(u, diagonalEmbed(s)), vh), want: a },
    { name: `uᵀ u of ${String(a)}`, got: matmul(u, u, { transposeA: true }), want: identities(u.shape, -1) },
    { name: `vh v of ${String(a)}`, got: matmul(vh, vh, { transposeB: true }), want: identities(vh.shape, -2) },
  ];
}

function orthogonalClaims(a: Tensor): Claim[] {
  const { q, r } = qr(a);
  return [
    { name: `q r of ${String(a)}`, got: matmul(q, r), want: a },
    { name: `qᵀ q of ${String(a)}`, got: matmul(q, q, { transposeA: true }), want: identities(q.shape, -1) },
  ];
}

function spectralClaims(a: Tensor): Claim[] {
  const { eigenvalues, eigenvectors } = eigh(a);
  const scaled = matmul(eigenvectors, diagonalEmbed(eigenvalues));
  return [
    { name: `v λ vᵀ of ${String(a)}`, got: matmul(scaled, eigenvectors, { transposeB: true }), want: a },
    { name: `vᵀ v of ${String(a)}`, got: matmul(eigenvectors, eigenvectors, { transposeA: true }), want: identities(a.shape) },
  ];
}

function identities(shape: Shape, axis = -1): Tensor {
  const n = shape.at(axis) ?? 0;
  return add(zeros([...shape.slice(0, -2), n, n]), eye(n));
}

function drawn(shape: Shape, seed: number): Tensor {
  const random = uniform(seed);
  return fromHost(
    shape,
    "float32",
    Float32Array.from({ length: sizeOf(shape) }, () => 2 * random() - 1),
  );
}

async function hold(engine: Engine, claims: readonly Claim[]): Promise<void> {
  await engine.evaluate(claims.flatMap(({ got, want }) => [got, want]));
  for (const { name, got, want } of claims) {
    // Errors are small beside a matrix's norm, which is about the root of its extent times its elements.
    const relative = 3e-6 * Math.sqrt(want.shape.at(-1) ?? 1);
    const reason = disagreement(await got.data(), await want.data(), { relative, absolute: 1e-7 });
    if (reason !== null) throw new NumericError("behaviour/factors", `${name}: ${reason}`);
  }
}
