// Before the first paint, so that nobody who chose dark is dazzled: the rest of the page is loaded later.
try {
  const chosen = localStorage.getItem('theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset['theme'] = chosen;
} catch {
  // A browser that keeps nothing: the system's wish holds.
}
