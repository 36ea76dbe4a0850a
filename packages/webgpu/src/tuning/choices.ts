/** Where choices outlive the process: one text for each adapter. */
export interface TuningStore {
  /** What was saved under a name, or null. */
  load(name: string): Promise<string | null>;
  /** Saves all of it or nothing. */
  save(name: string, text: string): Promise<void>;
}

/** Choices kept at most: the oldest go first. */
const most = 1024;
/** A store's text is not read beyond this many characters. */
const mostCharacters = 1 << 20;
const format = "gradus tuning 1";

/** The candidates chosen on one adapter, by key; read from a store once and saved there after each choice. */
export class Choices {
  readonly #store: TuningStore | null;
  readonly #adapter: string;
  readonly #chosen = new Map<string, string>();
  #loaded: Promise<void> | null = null;
  #saving: Promise<void> = Promise.resolve();
  #isSavePending = false;

  constructor(adapter: string, store: TuningStore | null) {
    this.#adapter = adapter;
    this.#store = store;
  }

  async get(key: string): Promise<string | undefined> {
    this.#loaded ??= this.#load();
    await this.#loaded;
    return this.#chosen.get(key);
  }

  /** Remembers a choice. A store that fails is done without: the choice holds for this process. */
  set(key: string, name: string): void {
    this.#chosen.delete(key);
    this.#chosen.set(key, name);
    for (const oldest of this.#chosen.keys()) {
      if (this.#chosen.size <= most) break;
      this.#chosen.delete(oldest);
    }
    if (this.#isSavePending) return;
    this.#isSavePending = true;
    this.#saving = this.#saving.then(() => this.#save()).catch(() => undefined);
  }

  /** Resolves when everything chosen so far was saved, or could not be. */
  saved(): Promise<void> {
    return this.#saving;
  }

  async #save(): Promise<void> {
    this.#isSavePending = false;
    await this.#store?.save(this.#adapter, JSON.stringify({ format, adapter: this.#adapter, choices: [...this.#chosen] }));
  }

  async #load(): Promise<void> {
    try {
      const text = (await this.#store?.load(this.#adapter)) ?? null;
      if (text === null || text.length > mostCharacters) return;
      for (const [key, name] of choicesIn(JSON.parse(text), this.#adapter)) if (!this.#chosen.has(key)) this.#chosen.set(key, name);
    } catch {
      // A store that is broken is as one that is empty.
    }
  }
}

/** The choices in what a store gave, which may be anything: all of them, or none if any part is not as it was written. */
function choicesIn(value: unknown, adapter: string): readonly (readonly [string, string])[] {
  if (!isRecord(value) || value["format"] !== format || value["adapter"] !== adapter) return [];
  const { choices } = value;
  if (!Array.isArray(choices) || choices.length > most) return [];
  const pairs = choices.flatMap((each: unknown) => {
    if (!isPair(each)) return [];
    const [key, name] = each;
    return typeof key === "string" && typeof name === "string" ? [[key, name] as const] : [];
  });
  return pairs.length === choices.length ? pairs : [];
}

function isPair(value: unknown): value is readonly [unknown, unknown] {
  return Array.isArray(value) && value.length === 2;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
