import { BackendError } from "@gradus/tensor";

export interface DeviceOptions {
  /** Where adapters come from: `navigator.gpu` when left out. In Node: `await nodeGpu()` of `@gradus/webgpu/node`. */
  readonly gpu?: GPU;
  /** Which adapter to prefer where a machine has several; "high-performance" when left out. */
  readonly powerPreference?: GPUPowerPreference;
  /** Limits to keep to where they are below the adapter's; for tests. */
  readonly limits?: Partial<DeviceLimits>;
  /** Features to do without, though the adapter has them: false; for tests and measurements. */
  readonly features?: Partial<DeviceFeatures>;
}

/** The limits kernels are built to. */
export type DeviceLimits = Readonly<Record<LimitName, number>>;

export type LimitName = (typeof limitNames)[number];

const limitNames = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "minStorageBufferOffsetAlignment",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupsPerDimension",
] as const;

/** What a device can do beyond the least that WebGPU promises. */
export interface DeviceFeatures {
  /** 16-bit floats in shaders. */
  readonly f16: boolean;
  /** Exchange between the invocations of a hardware group. */
  readonly subgroups: boolean;
  /** Times taken by the device itself. */
  readonly timestamps: boolean;
}

const featureNames = {
  f16: "shader-f16",
  subgroups: "subgroups",
  timestamps: "timestamp-query",
} as const satisfies Readonly<Record<keyof DeviceFeatures, GPUFeatureName>>;

/** An open device and what is known of it. */
export interface OpenDevice {
  readonly device: GPUDevice;
  /** Vendor and kind, as the adapter gives them: "nvidia hopper", "google swiftshader". */
  readonly adapter: string;
  /** A program that imitates a device: right, and slow. */
  readonly software: boolean;
  readonly features: DeviceFeatures;
  /** Invocations of a hardware group, at most; 1 where they cannot exchange values. */
  readonly subgroupSize: number;
  readonly limits: DeviceLimits;
}

/**
 * Opens a device with the adapter's greatest limits and the features kernels know how to use.
 *
 * @throws BackendError where the host has no WebGPU, WebGPU finds no adapter, or the adapter gives no device.
 */
export async function openDevice({
  gpu = hostGpu(),
  powerPreference = "high-performance",
  limits = {},
  features: wanted = {},
}: DeviceOptions = {}): Promise<OpenDevice> {
  const adapter = await gpu.requestAdapter({ powerPreference });
  if (adapter === null) {
    throw new BackendError("webgpu/no-adapter", "this host has WebGPU, and no adapter: no GPU, no driver, or the browser refuses it", {
      subject: "webgpu",
      hint: 'use the backend "wasm", or install a Vulkan driver',
    });
  }
  const requiredLimits = limitsOf((name) => adapter.limits[name]);
  const requiredFeatures = (["f16", "subgroups", "timestamps"] as const)
    .filter((feature) => wanted[feature] !== false && adapter.features.has(featureNames[feature]))
    .map((feature) => featureNames[feature]);
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice({ requiredLimits, requiredFeatures, label: "gradus" });
  } catch (cause) {
    throw new BackendError("webgpu/no-device", "the adapter gives no device", {
      subject: "webgpu",
      facts: { adapter: adapter.info.description },
      cause,
    });
  }
  const { vendor, architecture, description } = adapter.info;
  const named = [vendor, architecture].filter((part) => part !== "").join(" ");
  const has = (feature: keyof DeviceFeatures): boolean => device.features.has(featureNames[feature]);
  return {
    device,
    adapter: named === "" ? description || "unnamed adapter" : named,
    software: isSoftware(`${named} ${description}`),
    features: { f16: has("f16"), subgroups: has("subgroups"), timestamps: has("timestamps") },
    // Older implementations do not tell; WGSL allows no more than 128.
    subgroupSize: has("subgroups") ? ((adapter.info as Partial<GPUAdapterInfo>).subgroupMaxSize ?? 128) : 1,
    limits: limitsOf((name) => Math.min(limits[name] ?? Number.POSITIVE_INFINITY, device.limits[name])),
  };
}

function limitsOf(value: (name: LimitName) => number): DeviceLimits {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one entry for each name there is
  return Object.fromEntries(limitNames.map((name) => [name, value(name)])) as DeviceLimits;
}

/** Not every implementation says so of itself, but each of them has a name. */
function isSoftware(name: string): boolean {
  return /swiftshader|llvmpipe|lavapipe|software|basic render|warp/i.test(name);
}

function hostGpu(): GPU {
  const gpu = typeof navigator === "object" ? (navigator as Partial<Navigator>).gpu : undefined;
  if (gpu !== undefined) return gpu;
  const inNode = typeof process === "object" && process.versions?.node !== undefined;
  throw new BackendError("webgpu/none", inNode ? "Node has no WebGPU of its own" : "this host has no WebGPU", {
    subject: "webgpu",
    hint: inNode
      ? 'install the package "webgpu" and pass { gpu: await nodeGpu() } from "@gradus/webgpu/node"'
      : 'pages need a secure context (https or localhost) and a browser with WebGPU; the backend "wasm" runs everywhere',
  });
}
