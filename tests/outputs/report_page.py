"""What the tests of the report do with its page: filter, walk through it, read its marks."""

from __future__ import annotations

import json
from typing import Any

from chromium import Page


def choose(page: Page, field: str, value: str) -> None:
    page.js(
        f"(() => {{ const s = document.getElementById('f-{field}'); s.value = {json.dumps(value)};"
        "s.dispatchEvent(new Event('change', {bubbles: true})) })()"
    )


def listed(page: Page) -> list[str]:
    """Ids of the documents found, by walking through them all."""
    return list(
        page.js("""(async () => { const ids = [];
            const calm = async () => {
              do await new Promise((go) => setTimeout(go));
              while (document.getElementById('browser').getAttribute('aria-busy') === 'true'); };
            await calm();
            for (let n = 0; n < 1000; n++) {
              const id = document.querySelector('#document .id');
              if (id) ids.push(id.textContent);
              const next = document.getElementById('next');
              if (!next || next.disabled) return ids;
              next.click();
              await calm();
            } })()""")
    )


def show(page: Page, document_id: str) -> None:
    page.js(f"location.hash = '#doc=' + encodeURIComponent({json.dumps(document_id)})")
    page.wait(f"document.querySelector('#document .id')?.textContent === {json.dumps(document_id)}")


def marks_of(page: Page) -> list[dict[str, Any]]:
    return list(
        page.js("""[...document.querySelectorAll('#document mark')].map(m => ({
            text: m.textContent, start: +m.dataset.start, end: +m.dataset.end,
            classes: [...m.classList], facts: (m.dataset.facts || '').split(' ').filter(Boolean),
        }))""")
    )


def places(marks: list[dict[str, Any]]) -> set[int]:
    return {i for m in marks for i in range(m["start"], m["end"])}


def units(text: str, spans: list[tuple[int, int]]) -> set[int]:
    """Places of spans in UTF-16 units, counted without the code under test."""
    return {
        i
        for start, end in spans
        for i in range(
            len(text[:start].encode("utf-16-le")) // 2, len(text[:end].encode("utf-16-le")) // 2
        )
    }


CONTRAST = """(() => {
  const parse = (c) => { const m = c.match(/[\\d.]+/g).map(Number);
    return [m[0], m[1], m[2], m.length > 3 ? m[3] : 1]; };
  const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
  const linear = (v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const lum = (c) => c.slice(0, 3).map(v => linear(v / 255))
    .reduce((s, v, i) => s + v * [.2126, .7152, .0722][i], 0);
  const ground = (n) => { const layers = [];
    for (let e = n; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((below, c) => over(c, below), [255, 255, 255, 1]); };
  const low = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (walk.nextNode()) {
    const n = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || seen.has(n)) continue;
    if (n.closest('script, style, noscript, .visually-hidden, :disabled')) continue;
    seen.add(n);
    if (!n.getClientRects().length) continue;
    const [a, b] = [lum(over(parse(getComputedStyle(n).color), ground(n))), lum(ground(n))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) low.push([n.tagName, n.className, n.textContent.slice(0, 30), ratio]);
  }
  return low; })()"""
