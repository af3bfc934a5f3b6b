// Search, filters, copying, languages. Without this script the page shows everything, and unfolds by itself.
"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);
  const rows = all(".row");
  const form = one(".filters");
  const search = one("#search");
  const group = one("#group");

  const isChinese = () => one("#chinese").checked;

  function language() {
    document.documentElement.lang = isChinese() ? "zh-CN" : "en";
    try { localStorage.setItem("smsload.language", document.documentElement.lang); } catch { /* a page from a disk may have none */ }
    filter();
  }

  function filter() {
    const chosen = (name) => new Set(all(`input[name=${name}]:checked`).map((box) => box.value));
    const verdicts = chosen("verdict");
    const levels = chosen("level");
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const { verdict, level, text } = row.dataset;
      const fits = verdicts.has(verdict) && levels.has(level)
        && (group.value === "" || group.value === row.dataset.group)
        && words.every((word) => text.includes(word));
      row.hidden = !fits;
      if (fits) shown += 1;
    }
    for (const list of all(".list")) {
      const left = all(".row:not([hidden])", list).length;
      list.hidden = left === 0;
      list.querySelector(".number").textContent = left;
    }
    one(".none").hidden = shown > 0;
    one("#matches").textContent = isChinese() ? `${rows.length} 项中的 ${shown} 项` : `${shown} of ${rows.length}`;
  }

  function unfold(isOpen) {
    for (const row of rows) if (!row.hidden) row.open = isOpen;
  }

  async function copy(button) {
    const text = button.parentElement.querySelector("code").textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Pages from a disk may not write to the clipboard by themselves; a selection can be copied by hand.
      getSelection().selectAllChildren(button.parentElement.querySelector("code"));
      document.execCommand("copy");
    }
    const label = button.innerHTML;
    button.textContent = isChinese() ? "已复制" : "Copied";
    setTimeout(() => { button.innerHTML = label; }, 1500);
  }

  function follow() {
    const row = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (row && row.matches("details")) {
      row.hidden = false;
      row.open = true;
      row.scrollIntoView();
    }
  }

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  one("#unfold").addEventListener("click", () => unfold(true));
  one("#fold").addEventListener("click", () => unfold(false));
  for (const button of all(".copy")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
  for (const choice of all("input[name=language]")) choice.addEventListener("change", language);
  addEventListener("hashchange", follow);
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      search.focus();
    }
  });

  let before = navigator.language;
  try { before = localStorage.getItem("smsload.language") ?? before; } catch { /* as above */ }
  if (before.startsWith("zh")) one("#chinese").checked = true;
  language();
  follow();
})();
