/** Of English and of code; other scripts have fewer characters to a token, but more bytes to a character. */
export const BYTES_PER_TOKEN = 4;
