/** What a token of HTTP is made of (RFC 9110, section 5.6.2), for the inside of a character class: names of fields, methods. */
export const TOKEN_CHARS = "A-Za-z0-9!#$%&'*+.^_`|~-";

/** A whole token: the name of a header field, a method. */
export const TOKEN = new RegExp(`^[${TOKEN_CHARS}]+$`);
