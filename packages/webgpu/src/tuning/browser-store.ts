import type { TuningStore } from "./choices.ts";

const table = "choices";

/** Choices in the page's IndexedDB; null where there is none. */
export function browserTuningStore(databases: IDBFactory | null = hostDatabases()): TuningStore | null {
  if (databases === null) return null;
  const open = async (): Promise<IDBDatabase> => {
    const request = databases.open("gradus-tuning", 1);
    request.addEventListener("upgradeneeded", () => request.result.createObjectStore(table));
    return done(request);
  };
  const using = async <T>(mode: IDBTransactionMode, use: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> => {
    const database = await open();
    try {
      return await done(use(database.transaction(table, mode).objectStore(table)));
    } finally {
      database.close();
    }
  };
  return {
    async load(name) {
      const found: unknown = await using("readonly", (store) => store.get(name));
      return typeof found === "string" ? found : null;
    },
    async save(name, text) {
      await using("readwrite", (store) => store.put(text, name));
    },
  };
}

function hostDatabases(): IDBFactory | null {
  return typeof indexedDB === "undefined" ? null : indexedDB;
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("IndexedDB failed")));
  });
}
