// Which colours: the system's, or those chosen here. Runs before the page is painted, so that nothing flashes.

const KEY = "probity theme";
const THEMES = ["auto", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

function kept(): Theme {
  try {
    const found = localStorage.getItem(KEY);
    return THEMES.find((theme) => theme === found) ?? "auto";
  } catch {
    return "auto";
  }
}

function show(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  const toggle = document.getElementById("theme");
  if (toggle) toggle.textContent = `Theme: ${theme}`;
}

show(kept());
document.addEventListener("DOMContentLoaded", () => {
  show(kept());
  document.getElementById("theme")?.addEventListener("click", () => {
    const now = THEMES.findIndex((theme) => theme === document.documentElement.dataset.theme);
    const next = THEMES[(now + 1) % THEMES.length] ?? "auto";
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // Where nothing may be kept it holds for this page.
    }
    show(next);
  });
});
