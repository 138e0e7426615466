// The API as everybody else asks it; the session's cookie says who asks.

const MARK = { "X-Revstream-Dashboard": "1" };

/** What the API refused, with what to do about it. */
export class Problem extends Error {
  constructor(status, said) {
    super(said.detail || `The server answered ${status}.`);
    this.status = status;
    this.code = said.code || "unknown";
    this.hint = said.hint || "";
    this.requestId = said.request_id || "";
    this.errors = said.errors || [];
    this.said = said;
  }
}

/** The server did not answer at all. */
export class Unreachable extends Error {
  constructor() {
    super("The server can't be reached.");
    this.code = "unreachable";
    this.hint = "Check the connection; the page goes on by itself when the server is back.";
    this.errors = [];
  }
}

/** `path` with the parameters that have a value. */
export function address(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") query.set(name, value);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

export const get = (path, parameters, signal) => ask("GET", address(path, parameters), undefined, signal);
export const post = (path, body = {}, signal = undefined) => ask("POST", path, body, signal);
export const put = (path, body = {}) => ask("PUT", path, body);
export const patch = (path, body = {}) => ask("PATCH", path, body);
export const remove = (path) => ask("DELETE", path);

/** Every row of a list, page after page. */
export async function all(path, parameters, signal, most = 100000) {
  const rows = [];
  let cursor = null;
  do {
    const page = await get(path, { ...parameters, limit: 200, cursor }, signal);
    rows.push(...page.data);
    cursor = page.next_cursor;
  } while (cursor && rows.length < most);
  return rows;
}

async function ask(method, path, body, signal) {
  const headers = method === "GET" ? {} : { ...MARK };
  if (body !== undefined) headers["Content-Type"] = body instanceof Blob ? body.type : "application/json";
  const content = body === undefined || body instanceof Blob ? body : JSON.stringify(body);
  let response;
  try {
    response = await fetch(path, { method, headers, body: content, signal, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw lost(new Unreachable());
  }
  if (response.status === 204) return null;
  const said = await response.json().catch(() => ({}));
  if (response.ok) return fresh(said);
  if (response.status === 401) document.dispatchEvent(new CustomEvent("signed-out"));
  const problem = new Problem(response.status, said);
  throw response.status === 503 ? lost(problem) : problem;
}

/** Let the page's frame know how old the figures are. */
function fresh(said) {
  if (said.freshness_seconds !== undefined) document.dispatchEvent(new CustomEvent("fresh", { detail: said }));
  return said;
}

function lost(error) {
  document.dispatchEvent(new CustomEvent("lost", { detail: error }));
  return error;
}
