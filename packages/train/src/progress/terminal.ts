import type { LinesOptions } from "./plain.ts";
import { epochLine, stepLine } from "./plain.ts";
import type { Progress } from "./progress.ts";

export interface TerminalOptions extends LinesOptions {
  /** The terminal's width now, 0 if it does not say; asked at each update, since windows are resized. */
  readonly columns: () => number;
  /** Whether to use colour; off under `NO_COLOR`. */
  readonly colour?: boolean;
}

const updatesPerSecond = 10;
const clearLine = "\r\u001B[2K";
const dim = "\u001B[2m";
const bold = "\u001B[1m";
const plain = "\u001B[0m";

/** Progress on a terminal: one live line, at most 10 updates a second; finished epochs and messages go above it. */
export function terminalProgress({ write, clock, columns, colour = true }: TerminalOptions): Progress {
  let last = Number.NEGATIVE_INFINITY;
  let line = "";
  const paint = (style: string, text: string) => (colour ? `${style}${text}${plain}` : text);
  const above = (text: string) => write(`${line === "" ? "" : clearLine}${text}\n${line}`);
  return {
    step: (info) => {
      if (clock.now() - last < 1000 / updatesPerSecond) return;
      last = clock.now();
      line = paint(dim, fitted(stepLine(info), columns()));
      write(clearLine + line);
    },
    epoch: (info) => {
      if (line !== "") write(clearLine);
      line = "";
      write(`${paint(bold, epochLine(info))}\n`);
    },
    message: above,
    end: () => {
      if (line !== "") write(clearLine);
      line = "";
    },
  };
}

/** As many parts as fit the width, and never a whole line: the cursor behind it would wrap. */
function fitted(parts: readonly string[], columns: number): string {
  const width = columns > 0 ? Math.max(1, columns - 1) : 79;
  let text = parts[0] ?? "";
  for (const part of parts.slice(1)) {
    if (text.length + 2 + part.length > width) break;
    text += `  ${part}`;
  }
  return text.slice(0, width);
}
