/** A package of apps/bench/peers, which the workspace does not install: `bundle-page.ts` puts its exports here. */
declare module "peer:*" {
  export const peer: unknown;
}
