"use strict";
/* The browser of documents. Texts reach the page through textContent only. */
(() => {
  const PAGE = 60;
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);

  /* What a text can be marked with, the weightiest last: it gives its look to a stretch that
     carries several. */
  const MARKS = [
    ["present", "Stated"],
    ["other", "History, family, hypothetical"],
    ["denied", "Denied"],
    ["phi", "Planned identifier"],
    ["slip", "Noise"],
    ["off", "Off the case"],
    ["contradicted", "Contradicted or forbidden"],
    ["evidence", "Evidence against"],
  ];
  const WEIGHT = Object.fromEntries(MARKS.map(([name], i) => [name, i]));

  /* Who sits on the patient's side of a visit. */
  const THEIRS = new Set(["patient", "caregiver", "interpreter"]);

  const words = (name) => name.replaceAll("_", " ");

  function make(tag, props = {}, ...children) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(props)) {
      if (value === undefined || value === null || value === false) continue;
      if (key === "class") node.className = value;
      else if (key in node && key !== "list") node[key] = value;
      else node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...children.filter((child) => child !== null && child !== ""));
    return node;
  }

  /* ---------------------------------------------------------------- theme */

  function setUpTheme() {
    const button = byId("theme");
    const root = document.documentElement;
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    const isDark = () => (root.dataset.theme || (system.matches ? "dark" : "light")) === "dark";
    const label = () => { button.textContent = isDark() ? "Light" : "Dark"; };
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      label();
    });
    system.addEventListener("change", label);
    label();
    button.hidden = false;
  }

  /* ---------------------------------------------------------------- marks */

  /** Evidence that is the whole text (a near-copy) marks nothing: it would mark everything. */
  const isWhole = (evidence, doc) => evidence.start === 0 && evidence.end >= doc.text.length;

  const slipNote = (slip) =>
    `noise, ${words(slip.kind)}${slip.untrue ? ", now untrue" : ""}: “${slip.clean}” became “${slip.text}”`;

  /** All marked stretches of a document: {start, end, mark, fact, note}. */
  function annotations(doc) {
    const found = [];
    for (const fact of doc.facts) {
      let mark = fact.polarity === "present" ? "present" : fact.polarity === "denied" ? "denied" : "other";
      if (fact.status === "contradicted" || fact.status === "forbidden") mark = "contradicted";
      const note = `${words(fact.type)}: ${fact.name} (${fact.polarity}, ${fact.status})`;
      for (const [start, end] of fact.spans) found.push({ start, end, mark, fact: fact.id, note });
    }
    for (const off of doc.off) {
      found.push({ start: off.start, end: off.end, mark: "off", note: `off the case: ${off.why || off.kind}` });
    }
    for (const item of doc.phi) {
      found.push({ start: item.start, end: item.end, mark: "phi", note: `planned identifier: ${item.type}` });
    }
    for (const slip of doc.slips) {
      if (slip.end > slip.start) found.push({ start: slip.start, end: slip.end, mark: "slip", note: slipNote(slip) });
    }
    for (const reason of doc.reasons) {
      for (const evidence of reason.evidence) {
        if (evidence.end > evidence.start && !isWhole(evidence, doc)) {
          found.push({ ...evidence, mark: "evidence", note: `${reason.key}: ${evidence.note || reason.message}` });
        }
      }
    }
    return found;
  }

  /** The text from `start` to `end` as nodes, cut wherever a mark begins or ends. */
  function marked(text, start, end, marks) {
    const inside = marks.filter((m) => m.start < end && m.end > start);
    const cuts = new Set([start, end]);
    for (const m of inside) {
      cuts.add(Math.max(m.start, start));
      cuts.add(Math.min(m.end, end));
    }
    const places = [...cuts].sort((a, b) => a - b);
    const nodes = [];
    for (let i = 0; i + 1 < places.length; i++) {
      const piece = text.slice(places[i], places[i + 1]);
      const here = inside.filter((m) => m.start <= places[i] && m.end >= places[i + 1]);
      if (!here.length) {
        nodes.push(document.createTextNode(piece));
        continue;
      }
      here.sort((a, b) => WEIGHT[a.mark] - WEIGHT[b.mark]);
      const facts = [...new Set(here.filter((m) => m.fact).map((m) => m.fact))];
      const node = make("mark", {
        class: [...new Set(here.map((m) => `m-${m.mark}`))].join(" "),
        title: here.map((m) => m.note).reverse().join("\n"),
        textContent: piece,
      });
      node.dataset.top = here[here.length - 1].mark;
      node.dataset.start = places[i];
      node.dataset.end = places[i + 1];
      if (facts.length) node.dataset.facts = facts.join(" ");
      nodes.push(node);
    }
    return nodes;
  }

  function textOf(doc, marks) {
    const box = make("div", { class: doc.turns.length ? "text dialogue" : "text" });
    if (!doc.text) {
      box.append(make("p", { class: "note", textContent: doc.withheld
        ? "The text is withheld: it resembles the private reference. It is in the run's own files, under rejects."
        : "There is no text: it could not be written." }));
      return box;
    }
    if (!doc.turns.length) {
      box.append(...marked(doc.text, 0, doc.text.length, marks));
      return box;
    }
    let reached = 0;
    for (const turn of doc.turns) {
      between(doc, reached, turn.start, marks, box);
      box.append(make("div", { class: `turn ${THEIRS.has(turn.role) ? "theirs" : "ours"}` },
        make("span", { class: "role", textContent: turn.role }),
        make("p", {}, ...marked(doc.text, turn.start, turn.end, marks))));
      reached = turn.end;
    }
    between(doc, reached, doc.text.length, marks, box);
    return box;
  }

  /* What stands between the turns is shown unless it is only the speaker's tag. */
  function between(doc, start, end, marks, box) {
    const gap = doc.text.slice(start, end).trim();
    if (gap && !/^[^\n]{1,30}:$/.test(gap)) {
      box.append(make("p", { class: "between" }, ...marked(doc.text, start, end, marks)));
    }
  }

  /* ---------------------------------------------------------------- one document */

  const STATUS = { stated: "✓", missing: "○", contradicted: "✗", forbidden: "✗" };
  const hiddenMarks = new Set();

  /* "forgotten by the patient", "not asked"; nothing where the patient simply tells it. */
  const tellingOf = ([outcome, by]) =>
    !outcome || (outcome === "told" && by === "patient") ? ""
      : outcome === "not_asked" ? "not asked" : `${words(outcome)} by the ${by}`;

  function factRow(fact) {
    const described = [fact.amount, ...fact.attributes.map(([name, value]) => `${words(name)} ${value}`)]
      .filter(Boolean).join(", ");
    const count = fact.spans.length;
    const telling = tellingOf(fact.told);
    const name = count
      ? make("button", { type: "button", class: "fact-name", "aria-label": `${fact.name}: show where it is stated` }, fact.name)
      : make("span", { class: "fact-name", textContent: fact.name });
    const row = make("tr", { class: `fact s-${fact.status} d-${fact.duty}` },
      make("td", {}, name, make("span", { class: "soft" }, [words(fact.type), fact.code, described].filter(Boolean).join(" · "))),
      make("td", {}, make("span", { class: `polarity p-${fact.polarity}`, textContent: fact.polarity }),
        fact.duty === "may" ? "" : make("span", { class: "soft", textContent: words(fact.duty) }),
        telling ? make("span", { class: "soft told", title: fact.told[2], textContent: telling }) : ""),
      make("td", { title: fact.why }, make("span", { class: `status s-${fact.status}` }, `${STATUS[fact.status] || ""} ${fact.status}`),
        fact.why && fact.status !== "stated" ? make("span", { class: "soft", textContent: fact.why }) : ""));
    row.dataset.fact = fact.id;
    return row;
  }

  function reasonsOf(doc) {
    if (!doc.reasons.length) return null;
    const list = make("ul");
    for (const reason of doc.reasons) {
      const quotes = reason.evidence.filter((e) => e.text && !isWhole(e, doc)).slice(0, 8).map((e) =>
        make("li", {}, make("q", { textContent: e.text }), e.note ? ` ${e.note}` : ""));
      list.append(make("li", {}, make("strong", { textContent: reason.key }), ` ${reason.message}`,
        quotes.length ? make("ul", {}, ...quotes) : ""));
    }
    return make("div", { class: `why ${doc.outcome}` },
      make("h4", { textContent: doc.outcome === "failed" ? "Why it could not be written" : "Why it was rejected" }), list);
  }

  /** What the model wrote first and what was taken instead, with the fault. */
  function draftsOf(doc) {
    const list = make("ol", { class: "drafts" });
    for (const draft of doc.drafts) {
      list.append(make("li", {}, make("strong", { textContent: words(draft.why) }), ` ${draft.problem}`,
        make("p", {}, make("span", { class: "soft", textContent: "first " }), make("q", { textContent: draft.text })),
        make("p", {}, make("span", { class: "soft", textContent: "taken " }), make("q", { textContent: draft.kept }))));
    }
    return make("details", {}, make("summary", { textContent: `First drafts not taken (${doc.drafts.length})` }), list);
  }

  function legend(marks, target) {
    const present = new Set(marks.map((m) => m.mark));
    const box = make("fieldset", { class: "legend" }, make("legend", { textContent: "Highlights" }));
    for (const [name, label] of MARKS) {
      if (!present.has(name)) continue;
      const input = make("input", { type: "checkbox", checked: !hiddenMarks.has(name) });
      input.dataset.mark = name;
      input.addEventListener("change", () => {
        if (input.checked) hiddenMarks.delete(name); else hiddenMarks.add(name);
        target.classList.toggle(`hide-${name}`, !input.checked);
      });
      target.classList.toggle(`hide-${name}`, hiddenMarks.has(name));
      box.append(make("label", {}, input, make("span", { class: `key m-${name}`, textContent: label })));
    }
    return present.size ? box : null;
  }

  /* Pointing at a fact lights its places, pointing at a place lights its facts. */
  function tie(article) {
    const light = (ids) => {
      for (const node of article.querySelectorAll(".lit")) node.classList.remove("lit");
      for (const id of ids) {
        for (const row of article.querySelectorAll("tr.fact")) {
          if (row.dataset.fact === id) row.classList.add("lit");
        }
        for (const mark of article.querySelectorAll("mark[data-facts]")) {
          if (mark.dataset.facts.split(" ").includes(id)) mark.classList.add("lit");
        }
      }
    };
    const idsOf = (node) => {
      const row = node.closest("tr.fact");
      if (row) return [row.dataset.fact];
      const mark = node.closest("mark[data-facts]");
      return mark ? mark.dataset.facts.split(" ") : [];
    };
    for (const type of ["mouseover", "focusin"]) article.addEventListener(type, (e) => light(idsOf(e.target)));
    for (const type of ["mouseleave", "focusout"]) article.addEventListener(type, () => light([]));
    article.addEventListener("click", (e) => {
      const name = e.target.closest("button.fact-name");
      if (!name) return;
      light(idsOf(name));
      const first = article.querySelector("mark.lit");
      if (first) first.scrollIntoView({ block: "center", behavior: calm() ? "auto" : "smooth" });
    });
  }

  const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  function show(doc, focus, message = "No document is as asked for. Clear the filters to see all.") {
    const old = byId("document");
    const article = make("article", { id: "document", class: "document", tabIndex: -1 });
    if (!doc) {
      article.append(make("p", { class: "note", textContent: message }));
      old.replaceWith(article);
      return;
    }
    const marks = annotations(doc);
    const text = textOf(doc, marks);
    const title = doc.codes.length ? doc.codes[0].title : doc.id;
    const facts = make("table", { class: "facts" },
      make("caption", { textContent: "Facts of the case" }),
      make("thead", {}, make("tr", {}, ...["fact", "in the case", "in the text"].map((h) => make("th", { scope: "col", textContent: h })))),
      make("tbody", {}, ...doc.facts.map(factRow)));
    const codes = doc.codes.map((c) => make("li", {}, make("code", { textContent: c.code }), ` ${c.title}`));
    const about = make("dl", {}, ...doc.about.flatMap(([name, value]) =>
      [make("dt", { textContent: name }), make("dd", { textContent: value })]));
    const offList = doc.off.map((o) => make("li", {}, make("q", { textContent: o.text }), ` ${o.polarity}${o.why ? `: ${o.why}` : ""}`));
    article.append(
      make("header", {},
        make("p", { class: "eyebrow" }, words(doc.kind), " · ", make("span", { class: `outcome o-${doc.outcome}`, textContent: doc.outcome }), doc.words ? ` · ${doc.words} words` : ""),
        make("h3", { textContent: title }),
        make("p", { class: "soft id", textContent: doc.id }),
        make("div", { class: "steps" },
          make("button", { type: "button", class: "quiet", id: "previous", textContent: "← Previous" }),
          make("button", { type: "button", class: "quiet", id: "next", textContent: "Next →" }))),
      ...[reasonsOf(doc), legend(marks, text)].filter(Boolean),
      make("div", { class: "reading" }, text,
        make("aside", { "aria-label": "The case" },
          ...(doc.who ? [make("p", { class: "who", textContent: doc.who })] : []),
          ...(codes.length ? [make("ul", { class: "codes" }, ...codes)] : []),
          ...(doc.facts.length ? [facts] : []),
          ...(offList.length ? [make("h4", { textContent: "Off the case" }), make("ul", { class: "off-list" }, ...offList)] : []),
          ...(doc.slips.length ? [make("h4", { textContent: "Noise" }),
            make("ul", { class: "off-list" }, ...doc.slips.map((s) => make("li", { textContent: slipNote(s) })))] : []),
          ...(doc.drafts.length ? [draftsOf(doc)] : []),
          make("details", {}, make("summary", { textContent: "Persona, style and provenance" }), about))));
    old.replaceWith(article);
    tie(article);
    byId("previous").addEventListener("click", () => step(-1));
    byId("next").addEventListener("click", () => step(1));
    byId("previous").disabled = state.place <= 0;
    byId("next").disabled = state.place >= state.found - 1;
    if (focus) {
      article.focus({ preventScroll: true });
      const top = article.getBoundingClientRect().top;
      if (top < 0 || top > window.innerHeight * 0.6) article.scrollIntoView({ block: "start" });
    }
  }

  /* ---------------------------------------------------------------- where documents come from */

  /* A source finds documents by filters and words and gives them out. Both have the same face:
     total, facets, find(query) -> number, items(from, to), document(place), place(id). */

  const itemOf = (d) => ({
    id: d.id, kind: d.kind, outcome: d.outcome,
    code: d.codes.length ? d.codes[0].code : "", title: d.codes.length ? d.codes[0].title : "",
  });

  /** The documents that the page holds. */
  function local(documents) {
    const values = {
      outcome: (d) => [d.outcome], kind: (d) => [d.kind], code: (d) => d.codes.map((c) => c.code),
      reason: (d) => d.reasons.map((r) => r.key), style: (d) => (d.style ? [d.style] : []),
    };
    const facets = {};
    for (const [name, of] of Object.entries(values)) {
      const counts = new Map();
      for (const doc of documents) for (const value of new Set(of(doc))) counts.set(value, (counts.get(value) || 0) + 1);
      facets[name] = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
    }
    /* One lower-case string per document to search in, made when first needed. */
    const haystacks = new Map();
    const haystack = (doc) => {
      if (!haystacks.has(doc)) {
        haystacks.set(doc, [doc.id, doc.text, ...doc.codes.flatMap((c) => [c.code, c.title]), ...doc.facts.map((f) => f.name)]
          .join("\n").toLowerCase());
      }
      return haystacks.get(doc);
    };
    let found = documents;
    return {
      total: documents.length,
      facets,
      async find(query) {
        const wanted = Object.entries(values).filter(([name]) => query[name]);
        const terms = query.q.toLowerCase().split(/\s+/).filter(Boolean);
        found = documents.filter((doc) =>
          wanted.every(([name, of]) => of(doc).includes(query[name])) && terms.every((t) => haystack(doc).includes(t)));
        return found.length;
      },
      async items(from, to) { return found.slice(from, to).map(itemOf); },
      async document(place) { return found[place]; },
      async place(id) { return documents.findIndex((doc) => doc.id === id); },
    };
  }

  /** The documents of a run that `casewright report --serve` reads. */
  function remote() {
    const pages = new Map(); // first place -> items, of the query of last time
    const opened = new Map(); // id -> document, the last few
    let asked = "";
    const get = async (address, missing) => {
      const answer = await fetch(address, { credentials: "omit" });
      if (answer.status === 404 && missing !== undefined) return missing;
      if (!answer.ok) throw new Error(await answer.text());
      return answer.json();
    };
    const page = async (from) => {
      const query = asked;
      if (!pages.has(from)) {
        const got = await get(`/api/documents?${query}&offset=${from}&limit=${PAGE}`);
        if (query !== asked) return { total: got.total, items: got.items };
        pages.set(from, got);
      }
      return pages.get(from);
    };
    const read = async (id) => {
      if (!opened.has(id)) {
        opened.set(id, await get(`/api/document?${new URLSearchParams({ id })}`, null));
        if (opened.size > 30) opened.delete(opened.keys().next().value);
      }
      return opened.get(id);
    };
    return {
      total: data.total,
      facets: data.facets,
      async find(query) {
        asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
        pages.clear();
        return (await page(0)).total;
      },
      async items(from, to) {
        const items = [];
        for (let at = from - (from % PAGE); at < to; at += PAGE) items.push(...(await page(at)).items);
        return items.slice(from % PAGE, (from % PAGE) + to - from);
      },
      async document(place) {
        const [item] = await this.items(place, place + 1);
        return item ? read(item.id) : undefined;
      },
      async place(id) {
        const doc = await read(id);
        return doc ? doc.place : -1;
      },
    };
  }

  const source = data.serve ? remote() : local(data.documents);

  /* ---------------------------------------------------------------- list and filters */

  const FIELDS = {
    outcome: { all: "all outcomes" }, kind: { all: "all kinds", label: words }, code: { all: "all codes" },
    reason: { all: "all reasons" }, style: { all: "all styles", label: words },
  };
  const state = { found: 0, place: -1, shown: 0 };

  /* What is asked for last counts: an answer to an earlier question comes too late. */
  let turn = 0;
  async function settle(work) {
    const mine = ++turn;
    const current = () => mine === turn;
    byId("browser").setAttribute("aria-busy", "true");
    try {
      await work(current);
    } catch (error) {
      if (current()) show(undefined, false, `The documents cannot be read: ${error.message}. Is casewright report --serve still running?`);
    } finally {
      if (current()) byId("browser").setAttribute("aria-busy", "false");
    }
  }

  function fillSelects() {
    for (const [name, field] of Object.entries(FIELDS)) {
      const select = byId(`f-${name}`);
      select.append(make("option", { value: "", textContent: field.all }),
        ...source.facets[name].map(([value, count]) =>
          make("option", { value, textContent: `${field.label ? field.label(value) : value} (${count})` })));
      select.disabled = source.facets[name].length === 0;
    }
  }

  const search = () => settle(find);

  async function find(current) {
    const query = Object.fromEntries(Object.keys(FIELDS).map((name) => [name, byId(`f-${name}`).value]));
    query.q = byId("f-text").value.trim();
    const n = await source.find(query);
    const first = await source.items(0, Math.min(n, PAGE));
    if (!current()) return;
    state.found = n;
    state.shown = 0;
    byId("list").replaceChildren();
    addItems(first);
    byId("found").textContent = n === source.total ? `${n} documents` : `${n} of ${source.total} documents`;
    await open(n ? 0 : -1, false, false, current);
  }

  function addItems(items) {
    const list = byId("list");
    for (const item of items) {
      const button = make("button", { type: "button", class: "item" },
        make("span", { class: "item-title", textContent: item.title || item.id }),
        make("span", { class: "item-sub" },
          make("span", { class: `outcome o-${item.outcome}`, textContent: item.outcome }),
          ` ${words(item.kind)}${item.code ? ` · ${item.code}` : ""}`));
      button.dataset.place = state.shown++;
      list.append(make("li", {}, button));
    }
    const more = byId("more");
    more.hidden = state.shown >= state.found;
    more.textContent = `Show more (${state.found - state.shown} left)`;
  }

  async function addMore(current, upTo = state.shown + PAGE) {
    const items = await source.items(state.shown, Math.min(state.found, upTo));
    if (current()) addItems(items);
  }

  async function open(place, focus, keepHash, current) {
    if (place >= state.shown && place - state.shown < 10 * PAGE) await addMore(current, place + PAGE - (place % PAGE));
    const doc = place < 0 ? undefined : await source.document(place);
    if (!current()) return;
    state.place = place;
    for (const item of byId("list").querySelectorAll("[aria-current]")) item.removeAttribute("aria-current");
    const item = byId("list").querySelector(`[data-place="${place}"]`);
    if (item) {
      item.setAttribute("aria-current", "true");
      const list = byId("list");
      const above = item.offsetTop < list.scrollTop;
      if (above || item.offsetTop + item.offsetHeight > list.scrollTop + list.clientHeight) {
        list.scrollTop = item.offsetTop - (above ? 0 : list.clientHeight - item.offsetHeight);
      }
    }
    show(doc || undefined, focus);
    if (focus && !keepHash && doc) history.replaceState(null, "", `#doc=${encodeURIComponent(doc.id)}`);
  }

  function step(by) {
    const place = state.place + by;
    if (place >= 0 && place < state.found) settle((current) => open(place, true, false, current));
  }

  const openFromHash = () => settle(async (current) => {
    if (!location.hash.startsWith("#doc=")) return;
    let id;
    try { id = decodeURIComponent(location.hash.slice(5)); } catch { return; }
    const place = await source.place(id);
    if (place < 0 || !current()) return;
    for (const name of ["text", ...Object.keys(FIELDS)]) byId(`f-${name}`).value = "";
    await find(current);
    await open(place, true, true, current);
  });

  function setUpBrowser() {
    fillSelects();
    const form = byId("filters");
    form.addEventListener("submit", (e) => e.preventDefault());
    form.addEventListener("change", (e) => { if (e.target.id !== "f-text") search(); });
    let waiting = 0;
    byId("f-text").addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(search, data.serve ? 300 : 120);
    });
    form.addEventListener("reset", () => setTimeout(search));
    byId("list").addEventListener("click", (e) => {
      const item = e.target.closest(".item");
      if (item) settle((current) => open(Number(item.dataset.place), true, false, current));
    });
    byId("more").addEventListener("click", () => settle((current) => addMore(current)));
    document.addEventListener("keydown", (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input, select, textarea")) return;
      if (e.key === "/") { e.preventDefault(); byId("f-text").focus(); }
      else if (e.key === "j") step(1);
      else if (e.key === "k") step(-1);
    });
    window.addEventListener("hashchange", openFromHash);
    byId("browser").hidden = false;
    search().then(() => { if (location.hash) openFromHash(); });
  }

  setUpTheme();
  setUpBrowser();
})();
