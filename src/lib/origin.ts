/** True for an origin (RFC 6454, section 6.2): `scheme://host[:port]`, in the one spelling that browsers send. */
export function isOrigin(text: string): boolean {
  if (text.includes('*')) return false;
  if (/^https?:/i.test(text)) return URL.canParse(text) && new URL(text).origin === text;
  // `capacitor://localhost` and the like are origins too, but URL calls every scheme it does not know "null".
  return /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9.-]+$/.test(text);
}

/** What a text was probably meant to be that is no origin; undefined where nothing is near. */
export function suggestOrigin(text: string): string | undefined {
  const url = /^[A-Za-z0-9.-]+(:\d{1,5})?$/.test(text) ? `https://${text}` : text;
  return /^https?:/i.test(url) && URL.canParse(url) && !url.includes('*') ? new URL(url).origin : undefined;
}
