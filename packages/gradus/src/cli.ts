#!/usr/bin/env node
import process from "node:process";
import { runCommandLine } from "./command-line/run.ts";

// Whoever reads our output may stop early, as `head` does: that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2));
