const byId = (id) => document.getElementById(id);

function addRow(list, hint, text, className = '') {
  const row = document.createElement('li');
  row.textContent = text;
  row.className = className;
  byId(list).append(row);
  byId(hint).hidden = true;
}

globalThis.addEventListener('heap', ({ detail: { method, args } }) => {
  addRow('calls', 'no-calls', `heap.${method}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`, 'delivered');
});

/** Events from this page, so that those of other senders are not shown. */
const page = crypto.randomUUID().slice(0, 8);
const shown = new Set();
new EventSource('/api/watch').addEventListener('passages', ({ data }) => {
  for (const { key, name, ending, why, raw } of JSON.parse(data)) {
    if (!raw.includes(page) || shown.has(key) || ending === 'waiting') continue;
    shown.add(key);
    addRow('copies', 'no-copies', `${ending} ${name}${why === '' ? '' : `: ${why}`}`, ending);
  }
});

const { isDeviceMode, endpoint, writeKey } = await (await fetch('/device-mode/settings.json')).json();
byId('mode').textContent = isDeviceMode
  ? 'Device mode is on: the browser sends to Heap, and the forwarder leaves the copies out.'
  : 'Device mode is off: the forwarder sends to Heap. To turn it on, restart with: npm run dev -- --config local/device-mode/settings.json';

// A website that does not host the integration itself would leave out destSDKBaseURL.
const integrations = `${location.origin}/device-mode`;
globalThis.heapScripts = integrations;
const analytics = new globalThis.rudderanalytics.RudderAnalytics();
analytics.load(writeKey, endpoint, { configUrl: endpoint, destSDKBaseURL: integrations });

let count = 0;
const next = () => {
  count += 1;
  return { number: count, page };
};
byId('identify').addEventListener('click', () => analytics.identify('u-1', { plan: 'pro', page }));
byId('track').addEventListener('click', () => analytics.track('Clicked', next()));
byId('not-heap').addEventListener('click', () =>
  analytics.track('Clicked, not for Heap', next(), { integrations: { All: true, 'Heap.io': false } }),
);
