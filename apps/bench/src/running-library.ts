import type { Answer, Request } from "./protocol.ts";

/** One library where nothing else runs, so that its threads, heap and code do not mix with another's: a process, or a browser's page. */
export interface RunningLibrary {
  /** What the library says it is; null until `start` has resolved. */
  readonly version: string | null;
  /** Why it answers no more; null while it does. */
  readonly ended: string | null;
  /** The processes it runs in, of those that are known. */
  readonly pids: readonly number[];
  /** Resolves to null once it answers, or to the reason why it does not. */
  start(): Promise<string | null>;
  /** Asks one thing; a library that ended or is stuck answers `failed`. */
  ask<K extends Request["kind"]>(request: Extract<Request, { kind: K }>): Promise<AnswerTo<K>>;
  /** Ends it, whatever it is doing. */
  stop(): Promise<void>;
}

/** Starts a library that may take `patience` milliseconds over one request before it counts as stuck and is stopped. */
export type Launch = (patience: number) => RunningLibrary;

/** The usual patience. */
export const usualPatience = 180_000;

/** The kinds of answer each request may get, besides `cannot` and `failed`. */
export type AnswerTo<K extends Request["kind"]> = Extract<
  Answer,
  { kind: { prepare: "prepared"; time: "times"; release: "released" }[K] | "cannot" | "failed" }
>;
