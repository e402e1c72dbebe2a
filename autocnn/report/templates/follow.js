const KEPT = "autocnn-view";
const heads = [...document.querySelectorAll("table.sorts th")];
const filters = [...document.querySelectorAll("input.filter")];
function keep() {
  const view = {
    scroll: window.scrollY,
    sorts: heads.map((head) => head.getAttribute("aria-sort")),
    filters: filters.map((field) => field.value),
    focus: filters.indexOf(document.activeElement),
  };
  sessionStorage.setItem(KEPT, JSON.stringify(view));
}
function restore() {
  const view = JSON.parse(sessionStorage.getItem(KEPT) || "null");
  if (view === null) return;
  sessionStorage.removeItem(KEPT);
  heads.forEach((head, i) => {
    if (!view.sorts[i]) return;
    head.firstElementChild.click();
    if (view.sorts[i] === "descending") head.firstElementChild.click();
  });
  filters.forEach((field, i) => {
    field.value = view.filters[i] || "";
    field.dispatchEvent(new Event("input"));
  });
  if (view.focus >= 0) filters[view.focus]?.focus({ preventScroll: true });
  window.scrollTo(0, view.scroll);
}
async function follow() {
  const line = document.getElementById("live");
  try {
    const answer = await fetch("state", { cache: "no-store" });
    const state = await answer.json();
    line.textContent = state.line;
    if (state.version !== document.documentElement.dataset.version && !document.hidden) {
      keep();
      if (state.version === "last") history.scrollRestoration = "auto";
      location.reload();
      return;
    }
  } catch {
    line.textContent = "No longer updated: the search has ended, or its machine cannot be reached.";
  }
  setTimeout(follow, 2000);
}
history.scrollRestoration = "manual";
restore();
follow();
