import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { PageServer } from "../src/browser/page-server.ts";

async function served(): Promise<{ server: PageServer; get: (path: string, init?: RequestInit) => Promise<Response> }> {
  const server = await PageServer.start();
  onTestFinished(() => server.stop());
  return { server, get: async (path, init) => fetch(new URL(path, server.pageUrl("gradus")), init) };
}

test("a page is cross-origin isolated, and its script is one bundle of the sources", { timeout: 60_000 }, async () => {
  const { server, get } = await served();
  const page = await fetch(server.pageUrl("gradus"));
  expect(page.headers.get("Cross-Origin-Opener-Policy")).toBe("same-origin");
  expect(page.headers.get("Cross-Origin-Embedder-Policy")).toBe("require-corp");
  expect(await page.text()).toContain('src="page.js"');
  const script = await get("/pages/gradus/page.js");
  expect(script.headers.get("Content-Type")).toBe("text/javascript");
  expect(await script.text()).toContain("gradusPage");
  expect((await get("/pages/no-such-page/page.js")).status).toBe(500);
});

test("files of a shared folder are read and written by name, and no others", async () => {
  const { server, get } = await served();
  const folder = mkdtempSync(join(tmpdir(), "gradus-pages-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const shared = server.share(folder);
  expect(server.share(folder)).toBe(shared);
  writeFileSync(join(folder, "input-0.bin"), "four");
  expect(await (await get(`${shared}/input-0.bin`)).text()).toBe("four");
  expect((await get(`${shared}/output-0.bin`, { method: "PUT", body: new Uint8Array([1, 2, 3]) })).status).toBe(200);
  expect([...readFileSync(join(folder, "output-0.bin"))]).toEqual([1, 2, 3]);

  writeFileSync(join(folder, "note.txt"), "");
  for (const path of [`${shared}/note.txt`, `${shared}/..%2finput-0.bin`, "/arrays/7/input-0.bin", "/peers/..%2fpackage.json", "/"])
    expect([path, (await get(path)).status]).toEqual([path, 404]);
  expect((await get("/pages/gradus/../../x.bin", { method: "PUT", body: "x" })).status).toBe(404);
  expect((await get("/%")).status).toBe(500);
});
