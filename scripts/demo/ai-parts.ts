import type { Stub } from '../../src/dev/stub-service.ts';
import { mcpRoutes } from './mcp-routes.ts';
import { startMcpStub } from './mcp-stub.ts';
import { MODEL_ROUTES, modelServices } from './model-routes.ts';
import { startModel } from './stub-model.ts';

/** A service that `--ai` adds to the demo. */
interface AiPart {
  readonly name: string;
  /** After the first stub's port. */
  readonly offset: number;
  readonly start: (options: { readonly port: number }) => Promise<Stub>;
}

const TOOLS = 5;
const MODEL = 6;
const BUSY_MODEL = 7;

export const AI_PARTS: readonly AiPart[] = [
  { name: 'tools', offset: TOOLS, start: startMcpStub },
  { name: 'model', offset: MODEL, start: startModel },
  { name: 'busy-model', offset: BUSY_MODEL, start: ({ port }) => startModel({ port, busySeconds: 30 }) },
];

/** What `--ai` adds to the file. */
export function aiFile(stubPort: number) {
  return {
    services: modelServices(stubPort + MODEL, stubPort + BUSY_MODEL),
    routes: [...mcpRoutes(stubPort + TOOLS), ...MODEL_ROUTES],
  };
}

/** What is said of it when the demo runs. */
export const aiLines = (port: number): readonly string[] => [
  `  Tools of an MCP server: http://localhost:${port}/mcp, see docs/tools.md`,
  `  A language model: http://localhost:${port}/v1, see docs/ai.md`,
];
