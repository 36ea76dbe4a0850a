/**
 * What a backend's expressions are made of: code that gives a number, a whole number that counts and indexes, a condition.
 * An expression is computed where it is used, each time; a variable keeps what was computed.
 */
export interface Terms {
  readonly number: unknown;
  readonly index: unknown;
  readonly condition: unknown;
}

export type NumberOf<E extends Terms> = E["number"] | number;
export type IndexOf<E extends Terms> = E["index"] | number;

/** A matrix of one item of the batch, to be read. */
export interface ReadMatrix<E extends Terms> {
  at(row: IndexOf<E>, column: IndexOf<E>): E["number"];
}

/** One to be written. */
export interface WrittenMatrix<E extends Terms> {
  put(row: IndexOf<E>, column: IndexOf<E>, value: NumberOf<E>): void;
}

export interface Matrix<E extends Terms> extends ReadMatrix<E>, WrittenMatrix<E> {}

/** A local variable. */
export interface Variable<T> {
  readonly value: T;
  set(value: T | number): void;
}

/**
 * How an op on one matrix is told to a backend, statement by statement: counted loops, variables, and matrices. Every loop ends
 * after a number of turns that the shapes give, so that no data keeps a routine going.
 *
 * Steps of `each` may run side by side: none reads what another writes. Matrices are written in `each` only, and `each` stands
 * in no `each` and no `when`.
 */
export interface Routine<E extends Terms> {
  /** From 1 to the next number. */
  readonly epsilon: number;
  /** What counts as nothing at all: near the least number that has all its digits. */
  readonly tiny: number;
  readonly nan: E["number"];

  /** The item of an input. */
  input(slot: number, columns: number): ReadMatrix<E>;
  /** A part of the result, from its element number `first` on. */
  output(first: number, columns: number): WrittenMatrix<E>;
  /** Memory for the length of the routine; what it holds at first is unknown. */
  scratch(rows: number, columns: number): Matrix<E>;
  number(initial: NumberOf<E>): Variable<E["number"]>;
  index(initial: IndexOf<E>): Variable<E["index"]>;

  /** Runs the body for each number from `from` up to, not including, `to`, in any order. */
  each(from: IndexOf<E>, to: IndexOf<E>, body: (i: E["index"]) => void): void;
  /** The same, one after the other. */
  count(from: IndexOf<E>, to: IndexOf<E>, body: (i: E["index"]) => void): void;
  /** Runs the body so many times at most: again as long as one of its steps says `again`. */
  repeat(most: number, body: (again: () => void) => void): void;
  when(condition: E["condition"], body: () => void): void;

  add(a: NumberOf<E>, b: NumberOf<E>): E["number"];
  sub(a: NumberOf<E>, b: NumberOf<E>): E["number"];
  mul(a: NumberOf<E>, b: NumberOf<E>): E["number"];
  div(a: NumberOf<E>, b: NumberOf<E>): E["number"];
  sqrt(a: NumberOf<E>): E["number"];
  abs(a: NumberOf<E>): E["number"];
  /** Whether a < b, which it is not where one of them is NaN. */
  less(a: NumberOf<E>, b: NumberOf<E>): E["condition"];
  equal(a: NumberOf<E>, b: NumberOf<E>): E["condition"];
  choose(condition: E["condition"], then: NumberOf<E>, otherwise: NumberOf<E>): E["number"];

  plus(a: IndexOf<E>, b: IndexOf<E>): E["index"];
  minus(a: IndexOf<E>, b: IndexOf<E>): E["index"];
  /** What is left of a natural number divided by another. */
  modulo(a: IndexOf<E>, by: number): E["index"];
  before(a: IndexOf<E>, b: IndexOf<E>): E["condition"];
  same(a: IndexOf<E>, b: IndexOf<E>): E["condition"];
  pick(condition: E["condition"], then: IndexOf<E>, otherwise: IndexOf<E>): E["index"];
  not(condition: E["condition"]): E["condition"];
}

/** Σ term(i) for i from `from` up to, not including, `to`. */
export function sumOf<E extends Terms>(r: Routine<E>, from: IndexOf<E>, to: IndexOf<E>, term: (i: E["index"]) => NumberOf<E>): E["number"] {
  const total = r.number(0);
  r.count(from, to, (i) => {
    const next = term(i);
    total.set(r.add(total.value, next));
  });
  return total.value;
}
