import { trainInWorker } from "./in-worker.ts";
import { openPage } from "./page.ts";

void openPage(trainInWorker);
