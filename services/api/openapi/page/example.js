// The example of an operation as a command that can be copied.

/** A call with curl; the key stands in $KEY. */
export function example(api, path, method, operation) {
  const given = operation.parameters ?? [];
  const address = given.filter((one) => one.in === "path").reduce((text, one) => text.replace(`{${one.name}}`, encodeURIComponent(one.example ?? one.name)), path);
  const query = given.filter((one) => one.in === "query" && one.example !== undefined).map((one) => `${one.name}=${encodeURIComponent(one.example)}`);
  const base = (operation.servers ?? api.servers)[0].url;
  const lines = [`curl ${method === "get" ? "" : `-X ${method.toUpperCase()} `}'${base}${address}${query.length ? `?${query.join("&")}` : ""}'`];
  if (operation.security?.length) lines.push('-H "Authorization: Bearer $KEY"');
  const [kind, body] = Object.entries(operation.requestBody?.content ?? {}).find(([, one]) => one.example !== undefined) ?? [];
  if (kind) lines.push(`-H 'Content-Type: ${kind}'`, `-d '${typeof body.example === "string" ? body.example : JSON.stringify(body.example)}'`);
  return lines.join(" \\\n  ");
}
