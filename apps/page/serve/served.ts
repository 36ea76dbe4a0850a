/** A page that is being served, to this machine alone. */
export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

/** A way to serve the page: with the headers that isolate it, or as most servers do. */
export type Serve = (options: { readonly isolated: boolean }) => Promise<Served>;
