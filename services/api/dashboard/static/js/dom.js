// Elements from values. Text is always text: nothing that the API says can become markup.

/** An element with properties, listeners (`onclick`) and children (nodes, texts; null and false are left out). */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  dress(element, properties);
  element.append(...present(children));
  return element;
}

const present = (children) => children.flat(4).filter((child) => child !== null && child !== undefined && child !== false);

/** The same in the SVG namespace. */
export function svg(tag, properties = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
  element.append(...present(children));
  return element;
}

function dress(element, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "style") for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name === "value") element.value = value;
    else if (name === "checked" || name === "selected" || name === "disabled" || name === "hidden" || name === "open") element[name] = true;
    else element.setAttribute(name, value === true ? "" : value);
  }
}

/** Replace what `parent` holds. */
export function show(parent, ...children) {
  parent.replaceChildren(...present(children));
  return parent;
}

let ids = 0;

/** An id that no other element has. */
export function freshId(word) {
  ids += 1;
  return `${word}-${ids}`;
}

/** Tell people who listen rather than look. */
export function announce(text) {
  const place = document.getElementById("announcements");
  if (place) place.textContent = text;
}
