// What happens now, as server-sent events; the browser resumes by itself from the last one that it saw.

let source = null;
const listeners = new Set();

function heard(event) {
  const told = JSON.parse(event.data);
  const news = { ...told, movement: told.kind, kind: event.type };
  for (const listener of listeners) listener(news);
}

export const live = {
  start() {
    if (source) return;
    source = new EventSource("/api/alerts/stream?include=movements");
    for (const kind of ["signal", "movement"]) source.addEventListener(kind, heard);
  },
  stop() {
    source?.close();
    source = null;
  },
  /** Hear of news until `signal` aborts. */
  hear(listener, signal) {
    listeners.add(listener);
    signal?.addEventListener("abort", () => listeners.delete(listener));
  },
};
