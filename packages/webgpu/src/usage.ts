/** Flags of GPUBufferUsage and GPUMapMode, by value: a host without WebGPU of its own has no names for them. */
export const usage = { mapRead: 0x1, copySource: 0x4, copyTarget: 0x8, storage: 0x80, queryResolve: 0x200 } as const;
export const mapMode = { read: 1 } as const;
