/** The headers that make a page cross-origin isolated, so that it may share memory with workers. */
export const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
