import { readFile } from "node:fs/promises";
import { join } from "node:path";

const written = '<script type="module" src="./src/main.ts"></script>';

/** The page's document with other scripts than the one Vite knows what to do with. */
export async function documentWith(scripts: string): Promise<string> {
  const html = await readFile(join(import.meta.dirname, "../index.html"), "utf8");
  if (!html.includes(written)) throw new Error(`index.html has no ${written}`);
  return html.replace(written, scripts);
}
