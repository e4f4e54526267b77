/** Codes of JSON-RPC 2.0, section 5.1, and of MCP 2026-07-28. */
export const INVALID_REQUEST = -32_600;
export const INVALID_PARAMS = -32_602;
export const HEADER_MISMATCH = -32_020;

/** A message that could be read in two ways, or in none. */
export class McpFault extends Error {
  readonly rpcCode: number;
  /** Of the message, where that could be read. */
  readonly id: unknown;

  constructor(rpcCode: number, message: string, id?: unknown) {
    super(message);
    this.rpcCode = rpcCode;
    this.id = id;
  }
}
