import { openPage } from "./page.ts";
import { train } from "./train.ts";

// Import maps hold for documents, and not for their workers, where names such as "gradus" are unknown: unbundled, the page trains by itself.
void openPage(train);
