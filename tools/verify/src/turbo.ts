// `node turbo.ts TASK [CONCURRENCY]` runs TASK in every package that has it, each to its end whatever fails elsewhere.
import { spawnSync } from "node:child_process";

const [task = "test", concurrency = "2"] = process.argv.slice(2);
const { status } = spawnSync("turbo", ["run", task, "--continue", `--concurrency=${concurrency}`, "--output-logs=full"], {
  stdio: ["ignore", "inherit", "inherit"],
  env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1", TURBO_NO_UPDATE_NOTIFIER: "1" },
});
process.exitCode = status ?? 1;
