"""What the page does beside being read: tables that sort, copy and download; traces that zoom.

One script within the page, which the page's own policy admits by its hash, and nothing else: no
request can leave the page. Without it everything is still there to be read, printed and searched.

A module and not a data file, so that its fingerprint counts.
"""

import base64
import hashlib

SCRIPT = r"""
"use strict";
addEventListener("DOMContentLoaded", () => {
  const WIDEST = 8;
  const make = (tag, properties, ...inner) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...inner);
    return element;
  };
  const status = document.querySelector("main").appendChild(make("p", {className: "unseen"}));
  status.setAttribute("role", "status");
  const announce = (words) => { status.textContent = words; };

  const small = (cell) => cell.querySelector("small:not(.warning)");
  const printed = (cell) => {
    const copy = cell.cloneNode(true);
    copy.querySelectorAll("small, .chip").forEach((part) => part.remove());
    return copy.textContent.trim();
  };
  // Below a value with an interval stands the interval, and what is remarked after it.
  const remark = (cell) => {
    const text = small(cell) ? small(cell).textContent.trim() : "";
    return cell.dataset.low === undefined ? text : text.split("]").slice(1).join("]").trim();
  };
  const exact = (cell) => cell.dataset.value ?? printed(cell);
  const EXTRA = {
    low: (cell) => cell.dataset.low ?? "",
    high: (cell) => cell.dataset.high ?? "",
    note: remark,
    warning: (cell) => [...cell.querySelectorAll(".warning")].map((w) => w.textContent).join("; "),
    marked: (cell) => [...cell.querySelectorAll(".chip")].map((c) => c.textContent).join("; "),
  };
  const titles = (table) => [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  const grid = (table, rows) => {
    const lines = [[], ...rows.map(() => [])];
    titles(table).forEach((title, column) => {
      const cells = rows.map((row) => row.cells[column]);
      const add = (name, values) => {
        [name, ...values].forEach((value, k) => lines[k].push(value));
      };
      add(title, cells.map(exact));
      for (const [name, of] of Object.entries(EXTRA)) {
        const values = cells.map(of);
        if (values.some(Boolean)) add(`${title}, ${name}`, values);
      }
    });
    return lines;
  };
  const quoted = (text) => /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const csv = (lines) => lines.map((line) => line.map(quoted).join(",") + "\r\n").join("");
  const tabbed = (lines) =>
    lines.map((line) => line.map((text) => text.replace(/\s+/g, " ")).join("\t")).join("\n");

  const save = (name, text) => {
    const url = URL.createObjectURL(new Blob([text], {type: "text/csv;charset=utf-8"}));
    make("a", {href: url, download: name}).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  };
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {  // where the clipboard is closed to a page that was opened as a file
      const area = document.body.appendChild(make("textarea", {value: text}));
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };
  const fileName = (table) => {
    const section = table.closest("section");
    const words = `${section?.querySelector("h2")?.id ?? ""} ${table.caption.textContent}`;
    return words.toLowerCase().replace(/[^a-z0-9_]+/g, "-").slice(0, 80).replace(/^-|-$/g, "");
  };

  const number = (text) => text.trim() === "" ? NaN : Number(text.replace("\u2212", "-"));
  const ordered = (rows, column, down) => {
    const keys = new Map(rows.map((row) => [row, exact(row.cells[column])]));
    const empty = (key) => key === "" || key === "\u2013" || key === "nan";
    return [...rows].sort((a, b) => {
      const [x, y] = [keys.get(a), keys.get(b)];
      if (empty(x) || empty(y)) return empty(x) - empty(y);
      const [p, q] = [number(x), number(y)];
      const both = !Number.isNaN(p) && !Number.isNaN(q);
      const order = both ? p - q : x.localeCompare(y, "en", {numeric: true});
      return down ? -order : order;
    });
  };

  const equip = (region) => {
    const table = region.querySelector("table"), body = table.tBodies[0];
    const rest = region.parentElement.querySelector(`:scope > details[data-rest="${region.id}"]`);
    const lead = body.rows.length;
    if (rest) {
      body.append(...rest.querySelector("tbody").rows);
      rest.remove();
    }
    const asPrinted = [...body.rows];
    let all = !rest;
    const bar = make("div", {className: "tools"});
    const lay = (rows) => {
      body.append(...rows);
      rows.forEach((row, k) => {
        row.hidden = !all && k >= lead;
        if (table.classList.contains("grouped")) {
          const before = rows[k - 1];
          const again = before && before.cells[0].textContent === row.cells[0].textContent;
          row.classList.toggle("again", Boolean(again));
        }
      });
    };
    const button = (words, act) => {
      const one = make("button", {type: "button", textContent: words});
      one.addEventListener("click", act);
      return one;
    };
    if (rest) {
      const more = button(`Show all ${asPrinted.length} rows`, () => {
        all = !all;
        more.textContent = all ? `Show ${lead} rows` : `Show all ${asPrinted.length} rows`;
        more.setAttribute("aria-expanded", all);
        lay([...body.rows]);
      });
      more.setAttribute("aria-expanded", "false");
      bar.append(more);
    }
    const counted = `${asPrinted.length} rows of \u201c${table.caption.textContent}\u201d`;
    const named = (words, act) => {
      const one = button(words, act);
      one.setAttribute("aria-label", `${words}: ${table.caption.textContent}`);
      return one;
    };
    bar.append(
      named("Copy", async () => {
        await copy(tabbed(grid(table, [...body.rows])));
        announce(`Copied ${counted}`);
      }),
      named("Download CSV", () => {
        save(`${fileName(table)}.csv`, csv(grid(table, [...body.rows])));
        announce(`Downloaded ${counted}`);
      }),
    );
    region.after(bar);
    if (table.classList.contains("confusion") || asPrinted.length < 2) return lay(asPrinted);
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const title = head.textContent.trim();
      const sort = button(title, () => {
        const next = {none: "ascending", ascending: "descending", descending: "none"};
        const way = next[head.getAttribute("aria-sort") ?? "none"];
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        if (way !== "none") head.setAttribute("aria-sort", way);
        lay(way === "none" ? asPrinted : ordered(asPrinted, column, way === "descending"));
        announce(way === "none" ? "Rows as printed" : `Sorted by ${title}, ${way}`);
      });
      head.replaceChildren(sort);
    });
    lay(asPrinted);
  };
  document.querySelectorAll("main .wide").forEach(equip);

  // A figure's places are in per cent of its width: a wider one has the same text, and more room.
  document.querySelectorAll("figure.window").forEach((figure) => {
    const drawn = figure.querySelector("svg");
    const title = drawn.getAttribute("aria-label");
    const region = make("div", {className: "zoomed", tabIndex: 0});
    region.setAttribute("role", "group");
    region.setAttribute("aria-label", title);
    drawn.replaceWith(region);
    region.append(drawn);
    let times = 1;
    const button = (words, by) => {
      const one = make("button", {type: "button", textContent: words});
      one.setAttribute("aria-label", `${words}: ${title}`);
      one.addEventListener("click", () => {
        const middle = (region.scrollLeft + region.clientWidth / 2) / region.scrollWidth;
        times = Math.min(WIDEST, Math.max(1, times * by));
        drawn.style.width = `${100 * times}%`;
        region.scrollLeft = middle * region.scrollWidth - region.clientWidth / 2;
        announce(`${times} times as wide`);
      });
      return one;
    };
    figure.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || times === 1) return;
      times = 1;
      drawn.style.width = "100%";
      announce("The whole trace");
    });
    figure.append(
      make("div", {className: "tools"}, button("Zoom in", 2), button("Zoom out", 1 / 2)),
    );
  });

  // Folds: all at once, for paper; and the one that a link leads into.
  const folds = () => [...document.querySelectorAll("main details")];
  const fold = make("button", {type: "button", textContent: "Open all folds"});
  fold.addEventListener("click", () => {
    const open = fold.textContent.startsWith("Open");
    folds().forEach((one) => { one.open = open; });
    fold.textContent = open ? "Close all folds" : "Open all folds";
  });
  document.querySelector("nav")?.append(make("div", {className: "tools"}, fold));
  // For browsers that can't style what a closed fold holds: those that paper shows open are opened.
  let unfolded = [];
  addEventListener("beforeprint", () => {
    unfolded = [...document.querySelectorAll("main details:not(.aside):not([open])")];
    unfolded.forEach((one) => { one.open = true; });
  });
  addEventListener("afterprint", () => { unfolded.forEach((one) => { one.open = false; }); });
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let at = target; at; at = at.parentElement) if (at.matches("details")) at.open = true;
    target?.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  if (location.hash) reveal();
});
"""
_DIGEST = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
# What a browser lets the page do: its own style and this script, and not one request.
POLICY = (
    f"default-src 'none'; script-src 'sha256-{_DIGEST}'; style-src 'unsafe-inline';"
    " img-src data:; base-uri 'none'; form-action 'none'"
)
