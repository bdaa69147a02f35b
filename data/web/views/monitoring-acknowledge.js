// monitoring-acknowledge.js - the one thing that is done from the list itself

import { send } from '../lib/api.js';
import { toast } from '../lib/parts.js';

/** Somebody looks after it. */
export async function acknowledge(stream, incident) {
  try {
    await send('POST', `api/incidents/${encodeURIComponent(incident.id)}/acknowledge`, {});
    toast(`The incident of ${stream.name} is acknowledged`);
  } catch (problem) {
    toast(`${stream.name}: ${problem.detail ?? problem.message}`, 'error');
  }
}
