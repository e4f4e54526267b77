import { readFileSync } from 'node:fs';
import path from 'node:path';

const FILE = path.resolve(import.meta.dirname, '../../deploy/grafana/turnpike.json');

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly exemplar?: boolean }[];
}

export interface Dashboard {
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string }[] };
}

/** The dashboard for Grafana, as far as tests look at it. */
export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync(FILE, 'utf8')) as Dashboard;
}

/** An expression as Grafana sends it, where everything is chosen. */
export function expand(expression: string): string {
  return expression.replaceAll('$__rate_interval', '10s').replace(/\$\w+/g, '.*');
}
