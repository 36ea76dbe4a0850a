import { createRequire } from "node:module";

/** Imports a peer as an ES module, from the packages installed in this folder. */
export const loadModule = async (name: string): Promise<unknown> => import(name);

/** Loads a peer's CommonJS form, from the packages installed in this folder. */
export const loadCommonJs: (name: string) => unknown = createRequire(import.meta.url);
