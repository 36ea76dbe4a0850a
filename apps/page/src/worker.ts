import { describeError } from "./errors.ts";
import { type News, train, type Training } from "./train.ts";

/** What a worker says: news of its training, or that it failed. */
export type Message = News | { readonly kind: "failed"; readonly why: string };

self.addEventListener("message", ({ data }: MessageEvent<Training>) => {
  train(data, post).catch((error: unknown) => post({ kind: "failed", why: describeError(error) }));
});

function post(message: Message): void {
  self.postMessage(message);
}
