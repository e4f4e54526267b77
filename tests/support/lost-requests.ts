import type { RequestHandler } from 'express';
import type { TestGateway } from './gateway.ts';

/** Puts a stage that never answers and never goes on into a route, behind the access log. */
export function loseRequests({ gateway }: TestGateway, routeName: string): void {
  const route = gateway.snapshot.routes.find(({ name }) => name === routeName);
  if (route === undefined) throw new Error(`there is no route ${routeName}`);
  const handlers = route.handlers as RequestHandler[];
  handlers.splice(handlers.findIndex(({ name }) => name === 'accessLog') + 1, 0, function lose() {});
}

/** Looks through the requests in flight as often as two minutes would; `meanwhile` is done before each look. */
export async function waitTwoMinutes({ sweeps }: TestGateway, meanwhile: () => void = () => undefined): Promise<void> {
  const nowMs = performance.now();
  for (let seconds = 0; seconds <= 120; seconds += 2) {
    meanwhile();
    await new Promise((resolve) => setTimeout(resolve, 5));
    sweeps.sweep(nowMs + seconds * 1_000);
  }
}
