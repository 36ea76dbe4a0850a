/** What a page says of the WebGPU adapter it is given. */
export interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  /** Whether it computes on the processor. */
  readonly isFallbackAdapter: boolean;
}

/** The adapter's name: `swiftshader (software)`. Null without an adapter. */
export async function adapterName(): Promise<string | null> {
  const info = await adapterInfo();
  if (info === null) return null;
  const { vendor, architecture, description, isFallbackAdapter } = info;
  const name = [description, `${vendor} ${architecture}`.trim()].find((text) => text !== "") ?? "unnamed adapter";
  const software = isFallbackAdapter || /swiftshader|llvmpipe|lavapipe/i.test(name);
  return software ? `${name} (software)` : name;
}

/**
 * A library's version with the adapter it computes on.
 *
 * @throws Error when the page is given no adapter.
 */
export async function versionOnAdapter(version: string): Promise<string> {
  const name = await adapterName();
  if (name === null) throw new Error("no WebGPU adapter");
  return `${version}, WebGPU on ${name}`;
}

/** The part of `navigator.gpu` that is used. */
interface Gpu {
  requestAdapter(): Promise<{ readonly info: AdapterInfo } | null>;
}

async function adapterInfo(): Promise<AdapterInfo | null> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the DOM's types have no WebGPU
  const { gpu } = navigator as { readonly gpu?: Gpu };
  return (await gpu?.requestAdapter())?.info ?? null;
}
