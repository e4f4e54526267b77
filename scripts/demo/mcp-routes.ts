/** The route of the demo that docs/tools.md shows, before the MCP server on this port. */
export function mcpRoutes(port: number): readonly object[] {
  return [
    {
      name: 'tools',
      prefix: '/mcp',
      target: `http://localhost:${port}`,
      stripPrefix: false,
      auth: ['api-key', 'jwt'],
      rateLimits: [{ limit: 1000, window: '1m' }],
      timeouts: { headers: '5m', total: '5m', stream: 'off', heartbeat: '15s' },
      mcp: {
        tools: {
          search: {},
          report: { cost: 10, rateLimits: [{ limit: 3, window: '1m', by: 'consumer' }] },
          refund: { roles: ['admin'] },
        },
        resources: { 'shop:///public/*': {} },
      },
    },
  ];
}
