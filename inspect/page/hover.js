// hover.js - the tooltip and the status line. Whatever has a data-tip names itself when pointed at or focused; grids, whose
// cells are no elements, call `point` themselves.

const tip = document.getElementById("tip"),
  statusLine = document.getElementById("status");

// Shows `text` beside the pointer (page coordinates of the window) and in the status line.
function point(text, x, y) {
  statusLine.textContent = text;
  tip.textContent = text;
  tip.hidden = false;
  const box = tip.getBoundingClientRect(),
    width = document.documentElement.clientWidth;
  const left = Math.min(x + 14, width - box.width - 8);
  const top = y + 18 + box.height > window.innerHeight ? y - box.height - 10 : y + 18;
  tip.style.left = `${Math.max(left, 4)}px`;
  tip.style.top = `${Math.max(top, 4)}px`;
}

function unpoint() {
  tip.hidden = true;
  statusLine.textContent = "";
}

document.addEventListener("pointermove", (event) => {
  const target = event.target instanceof Element ? event.target.closest("[data-tip]") : null;
  const below = target && target.matches("li") ? target.getBoundingClientRect().bottom - 14 : 0; // not over the formula
  if (target) point(target.dataset.tip, event.clientX, Math.max(event.clientY, below));
  else unpoint();
});
document.addEventListener("focusin", (event) => {
  const target = event.target.closest("[data-tip]");
  if (!target || !target.matches(":focus-visible")) return;
  const box = target.getBoundingClientRect();
  point(target.dataset.tip, box.left, box.bottom - 12);
});
document.addEventListener("focusout", unpoint);
document.addEventListener("keydown", (event) => event.key === "Escape" && unpoint());
document.addEventListener("scroll", () => (tip.hidden = true), { passive: true });
