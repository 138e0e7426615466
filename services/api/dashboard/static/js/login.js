// Signing in with an API key. The key goes into a cookie that scripts can't read; nothing is kept here.

import { post } from "./api.js";
import { h } from "./dom.js";
import { field, form } from "./parts.js";

/** Exchange a key for the session's cookie. */
export const signIn = (key) => post("/session", { key });

/** The page for those who have not signed in; `then` goes on. */
export function login(then) {
  return h("main", { id: "main", class: "login panel" },
    h("h1", {}, "revstream"),
    h("p", {}, "Sign in with an API key of your project. One with the scope ", h("code", {}, "read"), " may look; ",
      h("code", {}, "alerts"), " may acknowledge, ", h("code", {}, "admin"), " may change what is set."),
    form("Sign in", field("API key", { name: "key", type: "password", autocomplete: "current-password", required: true, spellcheck: "false" }),
      async ({ key }) => { await signIn(key.trim()); await then(); }),
    h("p", { class: "quiet" }, "On the machine that runs revstream: ", h("code", {}, "revstream keys create --project … --scopes admin")));
}
