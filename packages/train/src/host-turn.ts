/**
 * Lets the host do what waits: signals, input, painting. Training is one long chain of promises, which would
 * otherwise keep the event loop from turning.
 */
export function hostTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") {
      setImmediate(resolve);
      return;
    }
    // Timers of pages wait at least 4 ms once nested; a message does not.
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener("message", () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(null);
  });
}
