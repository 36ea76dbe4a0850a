import type { Engine } from "@gradus/compile";
import { MemoryError } from "@gradus/tensor";

/**
 * Remembers the bytes a backend holds now. The function returned gives compiled programs back and compares:
 * call it when everything made in between should be gone, as in an `afterEach`.
 *
 * Example: `const done = checkLeaks(engine); await step(batch).item(); model.free(); done();`
 *
 * @throws MemoryError (from the function returned) if more bytes, or fewer, are held than before.
 */
export function checkLeaks(engine: Engine): () => void {
  engine.clear();
  const before = engine.backend.memory().bytes;
  return () => {
    const programs = engine.executables;
    engine.clear();
    const { bytes } = engine.backend.memory();
    if (bytes === before) return;
    throw new MemoryError(
      "memory/leak",
      `${bytes} bytes are held, and ${before} were before: ${bytes > before ? `${bytes - before} leaked` : `${before - bytes} too many were freed`}`,
      {
        subject: "checkLeaks",
        facts: { backend: engine.backend.name, programs },
        hint: "free() the model, the optimizer and what was kept",
      },
    );
  };
}
