import { differenceOf } from "./agreement.ts";
import { Chart } from "./chart.ts";
import { describeError } from "./errors.ts";
import { type Run, runsHere } from "./runs.ts";
import { settingsOf } from "./settings.ts";
import type { News, Training } from "./train.ts";

/** Trains in a worker, or right here. */
export type Train = (training: Training, tell: (news: News) => void) => Promise<void>;

/** Trains one way after another, draws the losses as they come, and shows what goes wrong. */
export async function openPage(train: Train): Promise<void> {
  addEventListener("error", ({ message }) => showError(message));
  addEventListener("unhandledrejection", ({ reason }) => showError(describeError(reason)));
  try {
    const settings = settingsOf(location.search);
    const chart = new Chart(found("chart"), settings.steps);
    const curves: number[][] = [];
    for (const [order, run] of runsHere(crossOriginIsolated, settings.backends).entries()) {
      const losses: number[] = [];
      const curve = chart.curve(run.colour, order);
      const row = new Row(run);
      if (run.missing !== null) {
        row.say(run.missing, "missing");
        continue;
      }
      let backend = "";
      const tell = (news: News): void => {
        switch (news.kind) {
          case "begun":
            ({ backend } = news);
            row.say(`${backend}: compiling`, "running");
            return;
          case "losses":
            losses.push(...news.losses);
            curve.draw(losses);
            row.say(`${backend}: step ${losses.length}, loss ${losses.at(-1)?.toFixed(4) ?? "none"}`, "running");
            return;
          case "done":
            row.say(
              `${backend}: ${losses.length} steps in ${news.seconds.toFixed(1)} s, loss ${losses.at(-1)?.toFixed(4) ?? "none"}`,
              "done",
            );
        }
      };
      row.say("starting", "running");
      try {
        await train({ backend: run.backend, threads: run.threads, steps: settings.steps, batchSize: settings.batchSize }, tell);
        curves.push(losses);
        row.keep(losses);
        const [first = losses] = curves;
        if (curves.length > 1) row.add(differenceText(differenceOf(first, losses)));
      } catch (error) {
        row.say(describeError(error), "failed");
      }
    }
  } catch (error) {
    showError(describeError(error));
  } finally {
    document.body.dataset["state"] = "finished";
  }
}

/** A run's line below the chart. */
class Row {
  readonly #row: HTMLElement;
  readonly #status: HTMLElement;

  constructor({ name, colour }: Run) {
    this.#row = document.createElement("li");
    this.#row.dataset["run"] = name;
    const mark = document.createElement("b");
    mark.style.borderLeft = `1em solid ${colour}`;
    mark.textContent = name;
    this.#status = document.createElement("span");
    this.#row.append(mark, " ", this.#status);
    found("runs").append(this.#row);
  }

  say(text: string, state: "running" | "done" | "failed" | "missing"): void {
    this.#status.textContent = text;
    this.#row.dataset["state"] = state;
  }

  add(text: string): void {
    this.#status.textContent += `; ${text}`;
  }

  /** Leaves the losses in the page, in full, for whoever wants the numbers. */
  keep(losses: readonly number[]): void {
    this.#row.dataset["losses"] = JSON.stringify(losses);
  }
}

function differenceText({ largest, step }: { readonly largest: number; readonly step: number }): string {
  return largest === 0
    ? "the same as the first curve, bit by bit"
    : `${(100 * largest).toPrecision(2)} % from the first curve at most, at step ${step}`;
}

function showError(message: string): void {
  const line = document.createElement("p");
  line.textContent = message;
  found("errors").append(line);
}

function found(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no element #${id}`);
  return element;
}
