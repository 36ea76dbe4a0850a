import { FormatError } from "@gradus/tensor";

/** The one line that turns a PyTorch file into safetensors, without running what a pickle may hold. */
const conversion =
  "convert it with: python3 -c \"import torch, safetensors.torch as s; s.save_file({k: v.contiguous() for k, v in torch.load('model.pt', map_location='cpu', weights_only=True).items()}, 'model.safetensors')\"";

/** The error for a file that is a pickle or a zip archive, as PyTorch's `.pt` and `.pth` are; null for anything else. */
export function foreignFormat(start: Uint8Array): FormatError | null {
  if (start[0] === 0x50 && start[1] === 0x4b && start[2] === 0x03 && start[3] === 0x04) {
    return new FormatError("format/pickle", "this is a zip archive, as PyTorch writes its .pt files: they hold code and are never read", {
      hint: conversion,
    });
  }
  // Protocols 2 to 5 begin with the opcode PROTO and their number.
  if (start[0] === 0x80 && start[1] !== undefined && start[1] >= 2 && start[1] <= 5) {
    return new FormatError(
      "format/pickle",
      "this is a Python pickle, as older PyTorch writes its .pt files: they hold code and are never read",
      { hint: conversion },
    );
  }
  return null;
}
