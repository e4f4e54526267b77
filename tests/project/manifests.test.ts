import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseSettings } from '../../src/config/env.ts';
import { composeFile, type KubernetesObject, kubernetesObject, readManifests } from '../support/manifests.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const DEPLOY = path.join(ROOT, 'deploy');
const SECRET = 'x'.repeat(48);

type Kind<K extends KubernetesObject['kind']> = Extract<KubernetesObject, { kind: K }>;

const files = globSync('kubernetes/*.yaml', { cwd: DEPLOY });
const objects = files.flatMap(readManifests).map((object) => kubernetesObject.parse(object));
const [monitor] = readManifests('prometheus/pod-monitor.yml').map((object) => kubernetesObject.parse(object));
const ofKind = <K extends KubernetesObject['kind']>(kind: K): Kind<K>[] =>
  objects.filter((object): object is Kind<K> => object.kind === kind);
const podOf = (wanted: string) => {
  const found = ofKind('Deployment').find(({ metadata }) => metadata.name === wanted);
  assert.ok(found, `no Deployment ${wanted}`);
  return { labels: found.spec.template.metadata.labels, ...found.spec.template.spec };
};
const gateway = podOf('turnpike');
const [container] = gateway.containers;

test('every object of the Kubernetes example is one that Kubernetes knows', () => {
  assert.ok(files.length >= 4 && objects.length >= 7);
  // Parsed above; the schema sees a key in the wrong place.
  const stray = { ...ofKind('PodDisruptionBudget')[0], minAvailable: 1 };
  assert.equal(kubernetesObject.safeParse(stray).success, false);
});

test('selectors, ports, volumes and ConfigMaps of the Kubernetes example lead to one another', () => {
  for (const { metadata, spec } of ofKind('Deployment')) {
    const { labels } = podOf(metadata.name);
    assert.deepEqual(spec.selector.matchLabels, labels);
    for (const { volumeMounts, ports } of spec.template.spec.containers) {
      const volumes = spec.template.spec.volumes.map(({ name }) => name);
      assert.deepEqual(
        volumeMounts.map(({ name }) => name),
        volumes,
      );
      const service = ofKind('Service').find(({ spec: { selector } }) => selector['app'] === labels['app']);
      assert.ok(service, `no Service for ${metadata.name}`);
      for (const { targetPort } of service.spec.ports) assert.ok(ports.some(({ name }) => name === targetPort));
    }
  }
  const maps = ofKind('ConfigMap').map(({ metadata }) => metadata.name);
  const mounted = ofKind('Deployment').flatMap(({ spec }) =>
    [...JSON.stringify(spec.template.spec.volumes).matchAll(/"configMap":\{"name":"([^"]+)"/g)].map(([, name]) => name),
  );
  assert.deepEqual(mounted.toSorted(), maps.toSorted());
});

test('the settings of the gateways in deploy/ are ones that it takes, and let a scraper in', () => {
  const env = Object.fromEntries(container?.env?.map((row) => [row.name, 'value' in row ? row.value : SECRET]) ?? []);
  const compose = composeFile.parse(readManifests('docker-compose.yml')[0]);
  const composeEnv = { ...compose.services['gateway']?.environment, ADMIN_TOKEN: SECRET, JWT_SECRET: '' };
  const known = readFileSync(path.join(ROOT, '.env.example'), 'utf8');
  for (const each of [env, composeEnv]) {
    for (const name of Object.keys(each)) assert.match(known, new RegExp(`^#${name}=`, 'm'));
    const settings = parseSettings(each);
    assert.equal(settings.adminHost, '0.0.0.0');
    assert.equal(settings.adminToken, SECRET);
  }
  assert.ok(Number(gateway.terminationGracePeriodSeconds) * 1000 > parseSettings(env).shutdownTimeoutMs);
});

test('what is scraped in a cluster is the admin port of the gateways, with the token of their Secret', () => {
  const admin = container?.ports.find(({ containerPort }) => containerPort === parseSettings({}).adminPort);
  assert.equal(admin?.name, 'admin');
  const token = container?.env?.find(({ name }) => name === 'ADMIN_TOKEN');
  assert.ok(token && 'valueFrom' in token);
  assert.ok(monitor?.kind === 'PodMonitor');
  assert.deepEqual(monitor.spec, {
    selector: { matchLabels: gateway.labels },
    podMetricsEndpoints: [{ port: 'admin', authorization: { credentials: token.valueFrom.secretKeyRef } }],
  });
  const [
    {
      scrape_configs: [job],
    } = { scrape_configs: [] },
  ] = readManifests('prometheus/kubernetes.yml') as {
    scrape_configs: { authorization: object; relabel_configs: { regex?: string }[] }[];
  }[];
  const { name, key } = token.valueFrom.secretKeyRef;
  // Mounted whole: the gateways' own Secret has more in it than Prometheus should see.
  assert.deepEqual(job?.authorization, { credentials_file: `/etc/prometheus/secrets/${name}-scrape/${key}` });
  assert.equal(job?.relabel_configs[0]?.regex, `${gateway.labels['app']};admin`);
});

test('docs/deploying.md makes every key of the Secret that the example asks for', () => {
  const page = readFileSync(path.join(ROOT, 'docs/deploying.md'), 'utf8');
  const command = /kubectl create secret generic turnpike (?:.*\\\n)*.*/.exec(page)?.[0] ?? '';
  const asked = JSON.stringify(gateway).matchAll(/"key":"([^"]+)"(,"optional":true)?/g);
  const needed = [...asked].filter(([, , optional]) => optional === undefined).map(([, key]) => String(key));
  assert.deepEqual(needed.toSorted(), ['admin-token', 'consumers.json']);
  for (const key of needed) assert.match(command, new RegExp(`--from-(?:literal|file)=${key}`));
});

test('the Compose file is one that Compose knows, and mounts what is there', () => {
  const { services, volumes } = composeFile.parse(readManifests('docker-compose.yml')[0]);
  const each = Object.values(services);
  const awaited = each.flatMap(({ depends_on: names = [] }) => (Array.isArray(names) ? names : Object.keys(names)));
  const mounted = each.flatMap((service) => service.volumes ?? []).map((volume) => volume.split(':')[0] ?? '');
  assert.ok(awaited.length >= 2 && mounted.length >= 4);
  const isThere = (from: string): boolean =>
    from.startsWith('.') ? existsSync(path.join(DEPLOY, from)) : from in volumes;
  assert.deepEqual(
    awaited.filter((name) => !(name in services)),
    [],
  );
  assert.deepEqual(
    mounted.filter((from) => !isThere(from)),
    [],
  );
});
