// Where we are: all state of a page is in its address, so that a link is the page.

/** The parameters of the present address. */
export const parameters = () => Object.fromEntries(new URLSearchParams(location.search));

/** The address of a page. */
export function link(path, values = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== "") query.set(name, value);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** Go to a page; `stays`: the same page with another choice, so that neither scroll nor focus moves. */
export function go(to, { stays = false, replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", to);
  moved(stays);
}

const moved = (stays) => document.dispatchEvent(new CustomEvent("moved", { detail: { stays } }));

/** The present page with some parameters changed; null takes one out. */
export const changed = (values) => link(location.pathname, { ...parameters(), ...values });

/** Show the present page with some parameters changed. */
export const choose = (values, { replace = false } = {}) => go(changed(values), { stays: true, replace });

/** Links within the dashboard don't load it again. */
export function followLinks() {
  document.addEventListener("click", (event) => {
    const anchor = event.target.closest?.("a[href]");
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!anchor || !plain || anchor.target || anchor.hasAttribute("download")) return;
    const to = new URL(anchor.href);
    const outside = to.origin !== location.origin || /^\/(api|docs|static|openapi\.json)/.test(to.pathname);
    if (outside || anchor.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
    go(to.pathname + to.search);
  });
  addEventListener("popstate", () => moved(false));
}
