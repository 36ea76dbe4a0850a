import { defineProject, mergeConfig } from "vitest/config";
import shared from "../../vitest.browser.shared.ts";

export default mergeConfig(shared, defineProject({ test: { name: "webgpu" } }));
