import type { DType } from "@gradus/tensor";

/** An element type of the format: its width, and the computing type it is read into, if any. */
export interface Element {
  readonly bytes: number;
  readonly readsAs: DType | null;
}

/** The element types of the format. One that is not here makes a file unreadable, for its tensors' sizes are unknown. */
const elements = {
  BOOL: { bytes: 1, readsAs: "bool" },
  U8: { bytes: 1, readsAs: "uint8" },
  I8: { bytes: 1, readsAs: "int8" },
  F8_E5M2: { bytes: 1, readsAs: null },
  F8_E4M3: { bytes: 1, readsAs: null },
  F8_E8M0: { bytes: 1, readsAs: null },
  I16: { bytes: 2, readsAs: "int32" },
  U16: { bytes: 2, readsAs: "int32" },
  F16: { bytes: 2, readsAs: "float32" },
  BF16: { bytes: 2, readsAs: "float32" },
  I32: { bytes: 4, readsAs: "int32" },
  U32: { bytes: 4, readsAs: "int32" },
  F32: { bytes: 4, readsAs: "float32" },
  I64: { bytes: 8, readsAs: "int32" },
  U64: { bytes: 8, readsAs: "int32" },
  F64: { bytes: 8, readsAs: "float32" },
  C64: { bytes: 8, readsAs: null },
} as const satisfies Record<string, Element>;

export type ElementName = keyof typeof elements;

export const elementNames: readonly string[] = Object.keys(elements);

export function isElementName(name: string): name is ElementName {
  return Object.hasOwn(elements, name);
}

export function elementOf(name: ElementName): Element {
  return elements[name];
}

/** The name under which the writer stores each computing type. */
export const elementNameOf = {
  float32: "F32",
  float16: "F16",
  int32: "I32",
  uint8: "U8",
  int8: "I8",
  bool: "BOOL",
} as const satisfies Record<DType, ElementName>;
