/** The adapter's name: `swiftshader (software)`. Null without an adapter. */
export async function adapterName(): Promise<string | null> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (adapter === null || adapter === undefined) return null;
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
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
