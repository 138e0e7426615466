// Links that many tables share.

import { h } from "./dom.js";
import { link } from "./place.js";

/** To the page of a row's client. */
export const clientLink = (row) => (row.client ? h("a", { href: link(`/clients/${encodeURIComponent(row.client)}`) }, row.client_name || row.client) : "–");
