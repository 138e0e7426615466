// Elements, and the little of Markdown that descriptions use: paragraphs, lists, `code` and **bold**.

/** An element with attributes and children (nodes, texts; null is left out). */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** Text as paragraphs and lists. */
export function rich(text) {
  return text.trim().split(/\n\n+/).map((block) => {
    if (!block.startsWith("- ")) return h("p", {}, inline(block));
    return h("ul", { class: "codes" }, block.split(/\n?- /).filter(Boolean).map((line) => h("li", {}, inline(line))));
  });
}

function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (part.startsWith("`")) return h("code", {}, part.slice(1, -1));
    if (part.startsWith("**")) return h("strong", {}, part.slice(2, -2));
    return part;
  });
}
