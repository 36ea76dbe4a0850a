import { type DeviceFeatures, openDevice } from "./device.ts";
import { findGpu, type FoundGpu } from "./node.ts";

/**
 * The GPU of this machine, real or imitated.
 *
 * @throws BackendError where there is none in continuous integration, which has to have one: it sets VK_ICD_FILENAMES to a software driver.
 */
export async function testGpu(): Promise<FoundGpu> {
  const found = await findGpu();
  if (found.missing !== null && process.env["CI"] !== undefined) throw found.missing;
  return found;
}

/** What its devices have beyond the least. */
export async function featuresOf(gpu: GPU): Promise<DeviceFeatures> {
  const { device, features } = await openDevice({ gpu });
  device.destroy();
  return features;
}

/** For the title of what needs a GPU: why it is skipped. */
export function orMissing({ missing }: FoundGpu): string {
  return missing === null ? "" : ` (needs a GPU, real or imitated: ${missing.sentence})`;
}
