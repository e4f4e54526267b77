/** A weight (RFC 9110, section 12.4.2). */
const WEIGHT = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/**
 * The names of a list with weights, in lower case, each with its weight: `gzip;q=0.5, br` of Accept-Encoding,
 * `text/html` of Accept. Parameters but `q` are left out, and so is an element whose weight is none.
 */
export function qualityValues(field: string): Map<string, number> {
  const qualities = new Map<string, number>();
  for (const element of field.toLowerCase().split(',')) {
    const [name = '', ...parameters] = element.split(';').map((part) => part.trim());
    if (name === '') continue;
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    if (weight !== undefined && !WEIGHT.test(weight)) continue;
    qualities.set(name, weight === undefined ? 1 : Number(weight));
  }
  return qualities;
}
