// Signing in with an API key. The key goes into a cookie that scripts can't read; nothing is kept here.

import { post } from "./api.js";
import { h } from "./dom.js";
import { field, form } from "./parts.js";

/** Exchange a key for the session's cookie. */
export const signIn = (key) => post("/session", { key });

/** The page for those who have not signed in; `then` goes on, `told` says why they are asked (again). */
export function login(then, told = "") {
  return h("main", { id: "main", class: "login" }, h("section", { class: "panel stack" },
    h("h1", {}, "revstream"),
    told ? h("p", { role: "status" }, told) : null,
    h("p", { class: "quiet" }, "Sign in with an API key of your project."),
    form("Sign in", field("API key", { name: "key", type: "password", autocomplete: "current-password", required: true, spellcheck: "false", placeholder: "rsk_…" },
      "read may look, alerts may acknowledge, admin may change what is set"),
    async ({ key }) => { await signIn(key.trim()); await then(); }),
    h("p", { class: "quiet small" }, "No key yet? On the machine that runs revstream: ", h("code", {}, "revstream keys create --project … --scopes admin"))));
}
