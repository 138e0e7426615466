// The topics: /asyncapi.json as a page, drawn with the same means as the API's reference.

import { h, rich } from "./rich.js";
import { schema } from "./schema.js";

const LETTERS = ".dead-letters";

async function start() {
  const place = document.getElementById("reference");
  const answer = await fetch("/asyncapi.json");
  if (!answer.ok) {
    place.replaceChildren(h("p", { class: "starting", role: "alert" }, `The document can't be read (${answer.status}). Try again.`));
    return;
  }
  const told = await answer.json();
  const channels = Object.values(told.channels);
  const main = channels.filter((one) => !one.address.endsWith(LETTERS));
  const letters = channels.filter((one) => one.address.endsWith(LETTERS));
  place.replaceChildren(
    h("div", { class: "reference" }, contents(told, main), h("main", { id: "main", tabindex: "-1" }, about(told), main.map((one) => topic(told, one)), deadLetters(told, letters))),
  );
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

function contents(told, channels) {
  const links = channels.map((one) => [
    h("h2", {}, h("a", { href: `#${one.address}` }, one.address)),
    h("ul", {}, messages(told, one).map((message) => h("li", {}, h("a", { href: `#${message.name}`, title: message.summary }, h("span", { class: "method" }, ""), message.name)))),
  ]);
  const rest = h("h2", {}, h("a", { href: "#dead-letters" }, "dead letters"));
  return h("nav", { class: "contents", "aria-label": "Topics", tabindex: "0" }, h("a", { href: "/" }, "revstream"), h("a", { href: "/docs" }, "API reference"), links, rest);
}

function about(told) {
  const source = h("p", { class: "quiet" }, `Version ${told.info.version} · `, h("a", { href: "/asyncapi.json" }, "asyncapi.json"), ` · AsyncAPI ${told.asyncapi}`);
  return h("section", { class: "about" }, h("h1", {}, "Topics"), source, rich(told.info.description));
}

function messages(told, channel) {
  return Object.values(channel.messages).map((one) => told.components.messages[one.$ref.split("/").pop()]);
}

function topic(told, channel) {
  const kafka = channel.bindings.kafka;
  return h(
    "section",
    { id: channel.address, "aria-label": channel.address },
    h("h2", {}, h("code", {}, channel.address)),
    h("p", {}, sentence(channel.summary)),
    rich(channel.description),
    h("p", { class: "quiet" }, `${kept(kafka.topicConfiguration)} ${kafka.partitions} partitions by default.`),
    messages(told, channel).map((one) => message(told, one)),
  );
}

function message(told, one) {
  const own = h("a", { href: `/schemas/${one.name}.json` }, "JSON Schema");
  return h("article", { class: "operation", id: one.name }, h("h3", {}, h("code", {}, one.name)), h("p", { class: "quiet" }, own), schema(told, one.payload), headers(told, one));
}

function headers(told, one) {
  const details = h("details", { class: "answer" }, h("summary", {}, "Headers"), schema(told, one.headers));
  return details;
}

function deadLetters(told, channels) {
  const names = h("ul", { class: "codes" }, channels.map((one) => h("li", {}, h("code", {}, one.address))));
  const [letter] = channels.length ? messages(told, channels[0]) : [];
  return h("section", { id: "dead-letters", "aria-label": "Dead letters" }, h("h2", {}, "Dead letters"), letter ? [rich(letter.summary), names, headers(told, letter)] : null);
}

function kept(config) {
  const days = Math.round(config["retention.ms"] / 86400000);
  if (config["cleanup.policy"].includes("compact")) return "Compacted: of each key the last record stays.";
  return config["retention.ms"] < 0 ? "Kept without end, unless the operator sets one." : `Kept for ${days} days.`;
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

start();
