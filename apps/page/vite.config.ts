import { defineConfig } from "vite";
import { isolation } from "./serve/isolation.ts";

export default defineConfig({
  server: { host: "127.0.0.1", headers: isolation },
  preview: { host: "127.0.0.1", headers: isolation },
  worker: { format: "es" },
});
