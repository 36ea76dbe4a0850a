const identities = new WeakMap<object, number>();
let next = 1;

/**
 * A number of its own for each object, the same each time it is asked: how keys speak of what has no value to compare.
 *
 * @internal
 */
export function identityOf(value: object): number {
  let identity = identities.get(value);
  if (identity === undefined) identities.set(value, (identity = next++));
  return identity;
}
