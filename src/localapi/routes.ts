import { authzenBatchRoute, authzenMetadataRoute, authzenSingleRoute } from './authzen-routes.ts';
import {
  healthRoute,
  logRoute,
  metricsRoute,
  readyRoute,
  resetRoute,
  rulesRoute,
  statusRoute,
  syncRoute,
} from './daemon-routes.ts';
import { decideRoute, explainRoute } from './native-routes.ts';
import type { Route } from './router.ts';

/** Every route of both sockets (api, "HTTP/1.1 + JSON"); whatever is not here is 404. */
export const ROUTES: readonly Route[] = [
  { method: 'POST', path: '/v1/decide', on: 'both', body: 'batch', handle: decideRoute },
  { method: 'POST', path: '/v1/explain', on: 'both', body: 'single', handle: explainRoute },
  { method: 'GET', path: '/v1/status', on: 'both', body: 'single', handle: statusRoute },
  { method: 'GET', path: '/healthz', on: 'both', body: 'single', handle: healthRoute },
  { method: 'GET', path: '/readyz', on: 'both', body: 'single', handle: readyRoute },
  { method: 'GET', path: '/metrics', on: 'both', body: 'single', handle: metricsRoute },
  { method: 'POST', path: '/access/v1/evaluation', on: 'both', body: 'single', handle: authzenSingleRoute },
  { method: 'POST', path: '/access/v1/evaluations', on: 'both', body: 'batch', handle: authzenBatchRoute },
  {
    method: 'GET',
    path: '/.well-known/authzen-configuration',
    on: 'both',
    body: 'single',
    handle: authzenMetadataRoute,
  },
  { method: 'POST', path: '/v1/sync', on: 'admin', body: 'single', changesState: true, handle: syncRoute },
  { method: 'POST', path: '/v1/reset', on: 'admin', body: 'single', changesState: true, handle: resetRoute },
  { method: 'GET', path: '/v1/log', on: 'admin', body: 'single', handle: logRoute },
  { method: 'GET', path: '/v1/rules', on: 'admin', body: 'single', handle: rulesRoute },
];
