// The preview's console: it shows what the server sends as events, and asks it for details and to send webhooks.

const kept = 1000; // requests that the page holds, as the server does
const byId = (id) => document.getElementById(id);
const requests = new Map(); // by id, the oldest first

// element makes one, with attributes and children; text is never read as HTML.
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== undefined && child !== ""));
  return made;
}

const kind = (status) => (status >= 200 && status < 400 ? "ok" : status >= 400 && status < 500 ? "bad" : "fail");

// ask calls the server; what it refuses becomes an error with its words.
async function ask(path, options) {
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

// ---- events

const events = new EventSource("events");
events.addEventListener("open", () => { requests.clear(); byId("requests").replaceChildren(); });
events.addEventListener("error", () => { byId("state").textContent = "Preview is not running. This page connects again by itself."; });

events.addEventListener("about", (event) => {
  const about = JSON.parse(event.data);
  about.paths ??= []; // where objects are copied alone
  byId("send").hidden = about.paths.length === 0;
  byId("deliveries-panel").hidden = !about.delivers;
  byId("paths").replaceChildren(...about.paths.map((p) => element("li", {}, element("code", {}, about.url + p.path))));
  const options = (names) => names.map((name) => element("option", {}, name));
  const send = byId("send").elements;
  const chosen = [send.topic.value || "conversation.user.created", send.path.value];
  send.topic.replaceChildren(...options(about.topics));
  send.path.replaceChildren(...options([...new Set(about.paths.map((p) => p.path))]));
  send.topic.value = chosen[0];
  if (chosen[1]) send.path.value = chosen[1];
  if (!about.signed) byId("sent").textContent = "Samples can not be signed as this provider does: they are refused.";
});

events.addEventListener("requests", (event) => {
  for (const request of JSON.parse(event.data)) {
    if (requests.has(request.id)) continue;
    requests.set(request.id, request);
    addTopic(request.topic);
    const row = rowOf(request);
    row.hidden = !matches(request);
    byId("requests").prepend(row);
    if (requests.size > kept) {
      const oldest = requests.keys().next().value;
      requests.delete(oldest);
      byId("requests").querySelector(`[data-id="${oldest}"]`)?.remove();
    }
  }
  countShown();
});

events.addEventListener("stats", (event) => {
  const stats = JSON.parse(event.data);
  byId("state").textContent = stats.listening
    ? `Taking webhooks: ${stats.accepted} accepted, ${stats.refused} refused.`
    : "The connector is not listening now; senders are told to come back.";
  showCollections(stats.collections);
  drawStatuses(stats.timeline);
  drawLatencies(stats.timeline);
  showObjects(stats.polled);
  if (!byId("deliveries-panel").hidden) showDeliveries();
});

// ---- requests

function rowOf(request) {
  const time = new Date(request.at).toLocaleTimeString([], { hour12: false });
  const open = element("button", { class: "link", type: "button", onclick: () => showRequest(request.id), title: "Details" }, time);
  return element("tr", { "data-id": request.id },
    element("td", {}, open),
    element("td", { class: kind(request.status) }, request.status ? `${request.status}` : "left"),
    element("td", {}, request.method === "POST" ? request.path : `${request.method} ${request.path}`),
    element("td", {}, request.topic ?? ""),
    element("td", {}, request.object ?? ""),
    element("td", { class: "number" }, `${request.size}`),
    element("td", { class: "number" }, request.ms.toFixed(1)),
    element("td", { class: "why" }, request.error ?? ""));
}

function addTopic(topic) {
  const select = byId("filter").elements.topic;
  if (!topic || [...select.options].some((option) => option.value === topic)) return;
  const later = [...select.options].slice(1).find((option) => option.value > topic);
  select.insertBefore(element("option", {}, topic), later ?? null);
}

function matches(request) {
  const { text, topic, status } = byId("filter").elements;
  const words = [request.method, request.path, request.topic, request.object, request.error, request.status].join(" ").toLowerCase();
  return words.includes(text.value.trim().toLowerCase())
    && (!topic.value || request.topic === topic.value)
    && (!status.value || { 2: "ok", 4: "bad", 5: "fail" }[status.value] === kind(request.status));
}

function countShown() {
  const shown = [...requests.values()].filter(matches).length;
  byId("shown").textContent = shown === requests.size ? `${shown} shown` : `${shown} of ${requests.size} shown`;
  byId("none").hidden = requests.size > 0;
}

byId("filter").addEventListener("input", () => {
  for (const row of byId("requests").rows) row.hidden = !matches(requests.get(Number(row.dataset.id)));
  countShown();
});
byId("filter").addEventListener("submit", (event) => event.preventDefault());

// ---- charts

const svg = (name, attributes) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};
const width = 900, height = 120;

function drawStatuses(points) {
  const most = Math.max(1, ...points.map((p) => p.accepted + p.refused + p.failed));
  const bars = [];
  const step = width / points.length;
  points.forEach((p, i) => {
    let top = height;
    for (const [name, n] of [["ok", p.accepted], ["bad", p.refused], ["fail", p.failed]]) {
      if (n === 0) continue;
      const tall = Math.max(2, n / most * (height - 6));
      top -= tall;
      bars.push(svg("rect", { class: name, x: i * step + 1, y: top, width: step - 2, height: tall }));
    }
  });
  byId("by-status").replaceChildren(...bars);
  const sum = (name) => points.reduce((total, p) => total + p[name], 0);
  byId("counts").textContent = `${sum("accepted")} / ${sum("refused")} / ${sum("failed")}; at most ${most} in 10 s`;
}

function drawLatencies(points) {
  const most = Math.max(1, ...points.map((p) => p.p99));
  const step = width / points.length;
  const lines = ["p99", "p50"].map((name) => svg("polyline", {
    class: name,
    points: points.map((p, i) => `${(i + .5) * step},${height - 3 - p[name] / most * (height - 6)}`).join(" "),
  }));
  byId("latencies").replaceChildren(...lines);
  const latest = points.findLast((p) => p.p99 > 0);
  byId("latency").textContent = latest ? `latest ${latest.p50} / ${latest.p99} ms; at most ${most} ms` : "none yet";
}

// ---- objects of an API

const ago = (seconds) => seconds < 90 ? `${Math.round(seconds)} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;

function historyOf(o) {
  if (!o.reading) return o.look ? "read" : o.documents ? "with its parents" : "–";
  if (!o.total) return `${o.done} rows`;
  const percent = Math.min(100, Math.floor(o.done / o.total * 100));
  return element("span", {}, element("progress", { max: o.total, value: Math.min(o.done, o.total), "aria-label": `History of ${o.resource}` }), ` ${percent} % of ${o.total}`);
}

function showObjects(polled) {
  byId("objects-panel").hidden = !polled;
  if (!polled) return;
  byId("objects").replaceChildren(...polled.objects.map((o) => element("tr", {},
    element("td", {}, o.resource),
    element("td", {}, historyOf(o)),
    element("td", { class: "number" }, `${o.rows}`),
    element("td", { class: "number" }, `${o.documents}`),
    element("td", {}, o.look ? new Date(o.look * 1000).toLocaleTimeString() : "–"),
    element("td", { class: "number" }, o.look ? ago(o.lag) : "–"),
    element("td", { class: "number" }, `${o.missed}`),
    element("td", { class: o.error ? "bad" : undefined }, o.error || ""))));
  drawPaces(polled.paces ?? [], polled.limit);
}

function drawPaces(points, limit) {
  const most = Math.max(1, limit, ...points.map((p) => p.perMinute));
  const slots = 90, step = width / slots, first = slots - points.length;
  const tall = (n) => n / most * (height - 6);
  const bars = points.filter((p) => p.perMinute > 0).map((p) => svg("rect", {
    class: "p50", x: (first + points.indexOf(p)) * step + 1, y: height - Math.max(2, tall(p.perMinute)), width: step - 2, height: Math.max(2, tall(p.perMinute)),
  }));
  if (limit > 0) bars.push(svg("polyline", { class: "bad", points: `0,${height - tall(limit)} ${width},${height - tall(limit)}` }));
  byId("paces").replaceChildren(...bars);
  const latest = points.at(-1);
  byId("pace").textContent = `${latest ? Math.round(latest.perMinute) : 0} of ${limit ? Math.round(limit) : "unknown"}`;
}

// ---- deliveries

const clock = (text) => text ? new Date(text).toLocaleTimeString([], { hour12: false }) : "–";
const traceButton = (sequence) => element("button", { class: "link", type: "button", onclick: () => showTrace(sequence) }, `${sequence}`);

async function showDeliveries() {
  const { destinations, parked, attempts } = await ask("api/deliveries");
  byId("deliveries").replaceChildren(...destinations.flatMap((to) => to.deliveries.map((d) => element("tr", {},
    element("td", {}, d.name), element("td", {}, d.source), element("td", { class: "number" }, `${d.cursor}`),
    element("td", { class: /^stopped/.test(to.state) ? "bad" : undefined }, to.state)))));
  if (!byId("parked").contains(document.activeElement)) {
    byId("parked").replaceChildren(...parked.map((p) => {
      const note = element("output", { role: "status" });
      return element("tr", {}, element("td", {}, traceButton(p.sequence)), element("td", {}, p.delivery), element("td", { class: "bad" }, p.reason), element("td", {}, clock(p.at)),
        element("td", {}, action("Send it again", note, () => ask(`api/deliveries/${encodeURIComponent(p.delivery)}/${p.sequence}/replay`, { method: "POST" })), note));
    }));
  }
  if (byId("attempts").contains(document.activeElement)) return;
  byId("attempts").replaceChildren(...attempts.map((a) => element("tr", {},
    element("td", {}, clock(a.at)), element("td", {}, traceButton(a.sequence)), element("td", {}, a.delivery),
    element("td", { class: a.class === "delivered" || a.class === "filtered" ? undefined : "bad" }, a.says),
    element("td", { class: "number" }, `${a.ms}`), element("td", {}, clock(a.next)))));
}

// showTrace shows what each delivery makes of a document, and what came of it.
async function showTrace(sequence) {
  const traces = await ask(`api/documents/${sequence}/deliveries`);
  openDialog(`Deliveries of document ${sequence}`, ...(traces.length ? [] : [element("p", {}, "No delivery is of its collection.")]), ...traces.flatMap((t) => [
    element("h3", {}, t.delivery),
    element("p", {}, t.filtered || t.error || "It matches."),
    t.request ? element("pre", { tabindex: 0, "aria-label": `Request of ${t.delivery}` }, t.request) : "",
    element("ol", {}, ...t.attempts.map((a) => element("li", {}, `${clock(a.at)} ${a.says}, ${a.ms} ms${a.next ? `, next at ${clock(a.next)}` : ""}`,
      a.answer ? element("pre", { tabindex: 0, "aria-label": "Answer" }, a.answer) : "")))]));
}

// ---- collections

function showCollections(counts) {
  const rows = Object.keys(counts).sort().map((name) => element("tr", {},
    element("td", {}, element("button", { class: "link", type: "button", "data-collection": name, onclick: () => showCollection(name) }, name)),
    element("td", { class: "number" }, `${counts[name]}`)));
  const focused = document.activeElement?.dataset?.collection;
  byId("collections").replaceChildren(...rows);
  if (focused) byId("collections").querySelector(`[data-collection="${CSS.escape(focused)}"]`)?.focus();
}

async function showCollection(name) {
  const rows = await ask(`api/collections/${encodeURIComponent(name)}`);
  openDialog(`Latest of ${name}`,
    rows.length === 0 ? element("p", {}, "No documents yet.") : "",
    ...rows.map((row) => documentOf(row)));
}

// documentOf shows a row of the database, with what can be done with it.
function documentOf(row) {
  const note = element("output", { role: "status" });
  return element("section", { "aria-label": `Document ${row.sequence}` },
    element("h3", {}, `${row.sequence} in ${row.collection}, key ${row.key}`),
    element("div", { class: "actions" },
      action("Replay it", note, () => ask(`api/documents/${row.sequence}/replay`, { method: "POST" })),
      copyAction(row, note),
      byId("deliveries-panel").hidden ? "" : element("button", { type: "button", onclick: () => showTrace(row.sequence) }, "Trace its deliveries"),
      note),
    row.document === ""
      ? element("a", { href: `api/documents/${row.sequence}`, target: "_blank", rel: "noopener" }, `It has ${row.size} bytes: see the whole document`)
      : element("pre", { tabindex: 0, "aria-label": "Document" }, pretty(row.document)));
}

// pretty indents JSON without touching what its values are written like.
function pretty(text) {
  let out = "", depth = 0, quoted = false;
  const line = () => "\n" + "  ".repeat(depth);
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      out += c;
      if (c === "\\") out += text[++i] ?? "";
      else if (c === '"') quoted = false;
    } else if (c === '"') { quoted = true; out += c; }
    else if (c === "{" || c === "[") {
      const empty = /^\s*[}\]]/.exec(text.slice(i + 1, i + 20));
      if (empty) { out += c + empty[0].trim(); i += empty[0].length; }
      else { depth++; out += c + line(); }
    } else if (c === "}" || c === "]") { depth = Math.max(0, depth - 1); out += line() + c; }
    else if (c === ",") out += c + line();
    else if (c === ":") out += ": ";
    else if (!/\s/.test(c)) out += c;
  }
  return out;
}

// ---- details

function openDialog(title, ...content) {
  byId("detail-title").textContent = title;
  byId("detail-body").replaceChildren(...content.filter((part) => part !== ""));
  if (!byId("detail").open) byId("detail").showModal();
}
byId("close").addEventListener("click", () => byId("detail").close());

// action is a button that says what came of it.
function action(name, note, run) {
  return element("button", {
    type: "button",
    onclick: async () => {
      note.textContent = "…";
      try {
        const outcome = await run();
        note.textContent = outcome.status ? [`Answered ${outcome.status} ${outcome.answer}`, outcome.note].filter(Boolean).join(". ") : outcome;
      } catch (error) { note.textContent = error.message; }
    },
  }, name);
}

const copyAction = ({ curl, curlNote }, note) => action("Copy as curl", note, async () => {
  if (!curl) return curlNote;
  await navigator.clipboard.writeText(curl);
  return ["Copied.", /\$[A-Z]/.test(curl) ? "Set its variables first." : "", curlNote].filter(Boolean).join(" ");
});

async function showRequest(id) {
  let detail;
  try { detail = await ask(`api/requests/${id}`); } catch (error) { openDialog(`Request ${id}`, element("p", {}, error.message)); return; }
  const note = element("output", { role: "status" });
  const headers = detail.headers.map(([name, value]) => `${name}: ${value}`).join("\n");
  openDialog(`${[detail.method, detail.path].filter(Boolean).join(" ") || "What is no request"} was answered ${detail.status || "by nobody: its sender left"}`,
    detail.reason ? element("div", { class: "reason" },
      element("p", {}, element("strong", {}, detail.reason.why)),
      element("ol", {}, ...(detail.reason.check ?? []).map((text) => element("li", {}, text)))) : "",
    detail.remote ? element("p", {}, `It came from ${detail.remote}.`) : "",
    element("div", { class: "actions" },
      action("Replay it", note, () => ask(`api/requests/${id}/replay`, { method: "POST" })),
      copyAction(detail, note),
      note),
    ...detail.documents.map((row) => documentOf(row)),
    detail.answer ? element("h3", {}, "Answer") : "", detail.answer ? element("pre", { tabindex: 0, "aria-label": "Answer" }, pretty(detail.answer)) : "",
    element("h3", {}, "Headers"), element("pre", { tabindex: 0, "aria-label": "Headers" }, headers),
    detail.query ? element("h3", {}, "Query") : "", detail.query ? element("pre", { tabindex: 0, "aria-label": "Query" }, detail.query) : "",
    element("h3", {}, detail.cut ? "Beginning of the body" : "Body as it was sent"),
    element("pre", { tabindex: 0, "aria-label": "Body" }, detail.body || "(not text)"));
}

// ---- samples

byId("send").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { topic, path } = event.target.elements;
  byId("sent").textContent = "…";
  try {
    const outcome = await ask("api/send", { method: "POST", body: JSON.stringify({ topic: topic.value, path: path.value }) });
    byId("sent").textContent = `Answered ${outcome.status} ${outcome.answer}`;
  } catch (error) { byId("sent").textContent = error.message; }
});
