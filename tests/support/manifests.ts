import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

const DEPLOY = path.resolve(import.meta.dirname, '../../deploy');

/** The documents of a YAML file below deploy/; throws on what is no YAML, a key that stands twice included. */
export function readManifests(file: string): unknown[] {
  return parseAllDocuments(readFileSync(path.join(DEPLOY, file), 'utf8')).map((document) => {
    const [error] = [...document.errors, ...document.warnings];
    if (error !== undefined) throw error;
    return document.toJS() as unknown;
  });
}

/*
 * The part of Kubernetes' and Compose's schemas that deploy/ uses, strict: a key that is none of theirs, or in the
 * wrong place, is a fault. Names and shapes are those of the Kubernetes API reference (v1.31) and the Compose
 * Specification.
 */
const name = z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
const labels = z.record(z.string(), z.string());
const metadata = z.strictObject({ name, labels: labels.optional() });
const selector = z.strictObject({ matchLabels: labels });
const keyOf = z.strictObject({ name, key: z.string(), optional: z.boolean().optional() });
const port = z.union([z.int(), name]);
const items = z.array(z.strictObject({ key: z.string(), path: z.string().regex(/^(?!\/)(?!.*\.\.)/) })).optional();
const source = z.strictObject({ name, items });

const probe = z.strictObject({
  httpGet: z.strictObject({ path: z.string().startsWith('/'), port }),
  periodSeconds: z.int(),
  failureThreshold: z.int(),
});

const container = z.strictObject({
  name,
  image: z.string(),
  imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).optional(),
  ports: z.array(z.strictObject({ name, containerPort: z.int() })),
  env: z
    .array(
      z.union([
        z.strictObject({ name: z.string(), value: z.string() }),
        z.strictObject({ name: z.string(), valueFrom: z.strictObject({ secretKeyRef: keyOf }) }),
      ]),
    )
    .optional(),
  readinessProbe: probe.optional(),
  livenessProbe: probe.optional(),
  resources: z.strictObject({ requests: labels, limits: labels }).optional(),
  securityContext: z
    .strictObject({
      allowPrivilegeEscalation: z.boolean(),
      readOnlyRootFilesystem: z.boolean(),
      capabilities: z.strictObject({ drop: z.array(z.string()) }),
    })
    .optional(),
  volumeMounts: z.array(z.strictObject({ name, mountPath: z.string().startsWith('/'), readOnly: z.boolean() })),
});

const volume = z.union([
  z.strictObject({ name, configMap: source }),
  z.strictObject({
    name,
    projected: z.strictObject({
      sources: z.array(z.union([z.strictObject({ configMap: source }), z.strictObject({ secret: source })])),
    }),
  }),
]);

const pod = z.strictObject({
  terminationGracePeriodSeconds: z.int().optional(),
  enableServiceLinks: z.boolean().optional(),
  securityContext: z
    .strictObject({
      runAsNonRoot: z.boolean(),
      runAsUser: z.int(),
      seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
    })
    .optional(),
  containers: z.array(container),
  volumes: z.array(volume),
});

export const kubernetesObject = z.discriminatedUnion('kind', [
  z.strictObject({ apiVersion: z.literal('v1'), kind: z.literal('ConfigMap'), metadata, data: labels }),
  z.strictObject({
    apiVersion: z.literal('v1'),
    kind: z.literal('Service'),
    metadata,
    spec: z.strictObject({
      selector: labels,
      ports: z.array(z.strictObject({ name, port: z.int(), targetPort: port })),
    }),
  }),
  z.strictObject({
    apiVersion: z.literal('policy/v1'),
    kind: z.literal('PodDisruptionBudget'),
    metadata,
    spec: z.strictObject({ minAvailable: z.int(), selector }),
  }),
  z.strictObject({
    apiVersion: z.literal('apps/v1'),
    kind: z.literal('Deployment'),
    metadata,
    spec: z.strictObject({
      replicas: z.int(),
      selector,
      strategy: z
        .strictObject({ rollingUpdate: z.strictObject({ maxUnavailable: z.int(), maxSurge: z.int() }) })
        .optional(),
      template: z.strictObject({ metadata: z.strictObject({ labels }), spec: pod }),
    }),
  }),
  z.strictObject({
    apiVersion: z.literal('monitoring.coreos.com/v1'),
    kind: z.literal('PodMonitor'),
    metadata,
    spec: z.strictObject({
      selector,
      podMetricsEndpoints: z.array(
        z.strictObject({ port: name, authorization: z.strictObject({ credentials: keyOf }) }),
      ),
    }),
  }),
]);

export type KubernetesObject = z.output<typeof kubernetesObject>;

/** A variable without a value, which is what the shell has; nothing here. */
const fromShell = z.null().transform(() => '');

const composeService = z.strictObject({
  image: z.string().optional(),
  build: z.string().optional(),
  command: z.array(z.string()).optional(),
  deploy: z.strictObject({ replicas: z.int() }).optional(),
  environment: z.record(z.string(), z.string().or(fromShell)).optional(),
  ports: z.array(z.string().regex(/^\d+:\d+$/)).optional(),
  volumes: z.array(z.string().regex(/^[^:]+:\/[^:]+(:ro)?$/)).optional(),
  depends_on: z
    .union([
      z.array(name),
      z.record(name, z.strictObject({ condition: z.enum(['service_started', 'service_healthy']) })),
    ])
    .optional(),
  // What is left out is the image's own.
  healthcheck: z
    .strictObject({ test: z.array(z.string()), interval: z.string(), retries: z.int() })
    .partial()
    .optional(),
  stop_grace_period: z.string().optional(),
});

export const composeFile = z.strictObject({
  services: z.record(name, composeService),
  volumes: z.record(name, z.null()),
});
