export type Theme = 'auto' | 'light' | 'dark';

const NEXT: Readonly<Record<Theme, Theme>> = { auto: 'light', light: 'dark', dark: 'auto' };

export function currentTheme(): Theme {
  const chosen = document.documentElement.dataset['theme'];
  return chosen === 'light' || chosen === 'dark' ? chosen : 'auto';
}

/** As the system wishes, light, dark, and round again; kept for the next time. */
export function turnTheme(): Theme {
  const next = NEXT[currentTheme()];
  if (next === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = next;
  try {
    localStorage.setItem('theme', next);
  } catch {
    // A browser that keeps nothing: it holds until the page is closed.
  }
  dispatchEvent(new Event('theme'));
  return next;
}

/** Calls `hear` at every change, until what is returned is called. */
export function onThemeChange(hear: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  addEventListener('theme', hear);
  system.addEventListener('change', hear);
  return () => {
    removeEventListener('theme', hear);
    system.removeEventListener('change', hear);
  };
}

/** A colour of the style sheet, as a canvas takes it: custom properties are not resolved for scripts. */
export function colour(name: string): string {
  const probe = document.createElement('i');
  probe.style.setProperty('color', `var(--${name})`);
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
